/** What a session has changed, as a tool's answer shows it: bounded, with what was left out said in words. */
import type { FileChange } from "../../opencode/changes/FileChanges.ts"
import type { MessageId } from "../../opencode/Identifiers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { SessionDiff } from "../../opencode/changes/sessionDiff.ts"
import type { Target } from "../../opencode/Target.ts"
import { clip, line, plainText } from "../../text/plainText.ts"
import type { DiffView, FileView } from "./ChangeTools.ts"
import { plural } from "../shared/markdown.ts"

const mostFiles = 60
const mostUntold = 20
const longestPath = 200

/** Characters of all files and their patches. */
const budget = 20_000

/** What a file takes beside its path and its patch. */
const fileHead = 100

/** With less than this of each patch nobody can do anything: then fewer files show theirs. */
const shortestPatch = 400

/** Shares the room out: the short ones are whole, and the long ones get equal parts of what is left. */
const shares = (lengths: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  const given = lengths.map(() => 0)
  let left = room
  const shortestFirst = [...lengths.entries()].toSorted(([, one], [, other]) => one - other)
  for (const [served, [index, length]] of shortestFirst.entries()) {
    const share = Math.min(length, Math.floor(left / (lengths.length - served)))
    given[index] = share
    left -= share
  }
  return given
}

const detailOf = ({ patches }: FileChange): string | undefined => {
  if (patches.length === 0) return "no text of it: binary, empty, changed in its mode only, or of an unusual name"
  if (patches.length === 1) return undefined
  return `something else changed it between two turns; the ${patches.length} patches stand in order, and a line that several of them changed counts several times`
}

const fileView = (change: FileChange, patch: string, room: number | undefined): FileView => {
  const detail = detailOf(change)
  const { additions, deletions, path, status } = change
  const facts = { path: line(path, longestPath), status, additions, deletions }
  if (patch === "") return { ...facts, ...(detail === undefined ? {} : { detail }) }
  if (room === undefined) return { ...facts, detail: "its patch is left out: there is no room for more" }
  return { ...facts, patch: clip(patch, room), ...(detail === undefined ? {} : { detail }) }
}

const fileViews = (files: ReadonlyArray<FileChange>): ReadonlyArray<FileView> => {
  const shown = files.slice(0, mostFiles)
  const room = shown.reduce((left, { path }) => left - fileHead - Math.min(path.length, longestPath), budget)
  const patches = shown.map((change) => plainText(change.patches.join("\n")))
  const withText = patches.flatMap((patch, index) => (patch === "" ? [] : [index]))
  const chosen = withText.slice(0, Math.floor(room / shortestPatch))
  const given = shares(
    chosen.map((index) => patches[index]?.length ?? 0),
    room,
  )
  const roomOf = new Map(chosen.map((index, position) => [index, given[position]]))
  return shown.map((change, index) => fileView(change, patches[index] ?? "", roomOf.get(index)))
}

/** Why there is nothing. */
const reasonOf = ({ running, turns, undone, unrecorded, untold }: SessionDiff): string => {
  if (turns === 0) return "There is no message yet."
  if (unrecorded === "not in git") {
    return "The session's directory is not in a git repository: opencode records changes only there."
  }
  if (unrecorded === "snapshots are off") {
    return 'opencode records no changes there: its snapshots are off ("snapshot": false in its configuration).'
  }
  return running || undone + untold.length > 0
    ? ""
    : "No file was changed. Not recorded are files that git ignores, files outside of the session's directory, and very large new ones."
}

const noteOf = (diff: SessionDiff): string => {
  const { files, more, olderTurns, running, undone } = diff
  return [
    files.length === 0 ? reasonOf(diff) : "",
    undone === 0 ? "" : `${plural(undone, "file")} changed and changed back again.`,
    running ? "A turn is running: what it changes is shown when it has ended." : "",
    olderTurns === 0 && !more ? "" : `${olderTurns}${more ? "+" : ""} older turns were not looked at.`,
    files.length <= mostFiles ? "" : `${files.length - mostFiles} more files are not listed.`,
  ]
    .filter((sentence) => sentence !== "")
    .join(" ")
}

const sum = (files: ReadonlyArray<FileChange>, of: "additions" | "deletions") =>
  files.reduce((total, file) => total + file[of], 0)

export const diffView = (target: Target, session: Session, diff: SessionDiff, message?: MessageId): DiffView => ({
  instance: target.instance,
  session_id: session.id,
  ...(message === undefined ? {} : { message_id: message }),
  file_count: diff.files.length,
  additions: sum(diff.files, "additions"),
  deletions: sum(diff.files, "deletions"),
  files: fileViews(diff.files),
  untold_files: diff.untold.slice(0, mostUntold).map((path) => line(path, longestPath)),
  turns: diff.turns,
  older_turns: diff.olderTurns,
  more_turns: diff.more,
  note: noteOf(diff),
})
