/** Builds the view of a session's changes. Its size is bounded, and its note says what was left out. */
import type { FileChange } from "../../opencode/changes/FileChanges.ts"
import type { MessageId } from "../../opencode/Identifiers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { SessionDiff } from "../../opencode/changes/sessionDiff.ts"
import type { Target } from "../../opencode/Target.ts"
import { clip, line, plainText } from "../../text/plainText.ts"
import type { DiffView, FileView } from "./changeSchemas.ts"
import { plural } from "../shared/markdown.ts"

const maxFiles = 60
const maxUntold = 20
const maxPathLength = 200

/** Maximum characters of all files and their patches. */
const budget = 20_000

/** Characters of a file's entry, besides its path and patch. */
const fileOverhead = 100

/** Minimum characters of a useful patch. If there is less room, fewer files show a patch. */
const minPatchLength = 400

/** Divides the room among patches: short ones are kept whole, long ones share the rest equally. */
const shares = (lengths: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  const result = lengths.map(() => 0)
  let left = room
  const shortestFirst = [...lengths.entries()].toSorted(([, one], [, other]) => one - other)
  for (const [served, [index, length]] of shortestFirst.entries()) {
    const share = Math.min(length, Math.floor(left / (lengths.length - served)))
    result[index] = share
    left -= share
  }
  return result
}

const detailOf = ({ patches }: FileChange): string | undefined => {
  if (patches.length === 0) return "no text diff: a binary or empty file, a mode change only, or an unusual file name"
  if (patches.length === 1) return undefined
  return `changed outside of the session between two turns: the ${patches.length} patches are in order, and a line changed by several of them counts several times`
}

const fileView = (change: FileChange, patch: string, room: number | undefined): FileView => {
  const detail = detailOf(change)
  const { additions, deletions, path, status } = change
  const facts = { path: line(path, maxPathLength), status, additions, deletions }
  if (patch === "") return { ...facts, ...(detail === undefined ? {} : { detail }) }
  if (room === undefined) return { ...facts, detail: "the patch does not fit into this answer" }
  return { ...facts, patch: clip(patch, room), ...(detail === undefined ? {} : { detail }) }
}

const fileViews = (files: ReadonlyArray<FileChange>): ReadonlyArray<FileView> => {
  const shown = files.slice(0, maxFiles)
  const room = shown.reduce((left, { path }) => left - fileOverhead - Math.min(path.length, maxPathLength), budget)
  const patches = shown.map((change) => plainText(change.patches.join("\n")))
  const withText = patches.flatMap((patch, index) => (patch === "" ? [] : [index]))
  const chosen = withText.slice(0, Math.floor(room / minPatchLength))
  const given = shares(
    chosen.map((index) => patches[index]?.length ?? 0),
    room,
  )
  const roomOf = new Map(chosen.map((index, position) => [index, given[position]]))
  return shown.map((change, index) => fileView(change, patches[index] ?? "", roomOf.get(index)))
}

/** Why there are no files. */
const reasonOf = ({ running, turns, undone, unrecorded, filesWithoutDiff }: SessionDiff): string => {
  if (turns === 0) return "No messages yet."
  if (unrecorded === "not in git") {
    return "The session's directory is not in a git repository; opencode records changes only in one."
  }
  if (unrecorded === "snapshots are off") {
    return 'opencode records no changes, because its snapshots are off ("snapshot": false in its configuration).'
  }
  return running || undone + filesWithoutDiff.length > 0
    ? ""
    : "No file was changed. opencode does not record files that git ignores, files outside of the session's directory, and very large new files."
}

const noteOf = (diff: SessionDiff): string => {
  const { files, more, olderTurns, running, undone } = diff
  return [
    files.length === 0 ? reasonOf(diff) : "",
    undone === 0 ? "" : `${plural(undone, "file")} changed and reverted.`,
    running ? "A turn is running; its changes are shown when it ends." : "",
    olderTurns === 0 && !more ? "" : `${olderTurns}${more ? "+" : ""} older turns are not included.`,
    files.length <= maxFiles ? "" : `${files.length - maxFiles} more files are not listed.`,
  ]
    .filter((sentence) => sentence !== "")
    .join(" ")
}

const sum = (files: ReadonlyArray<FileChange>, of: "additions" | "deletions") =>
  files.reduce((total, file) => total + file[of], 0)

export const diffView = (target: Target, session: Session, diff: SessionDiff, message?: MessageId): DiffView => {
  const note = noteOf(diff)
  return {
    instance: target.instance,
    session_id: session.id,
    ...(message === undefined ? {} : { message_id: message }),
    file_count: diff.files.length,
    additions: sum(diff.files, "additions"),
    deletions: sum(diff.files, "deletions"),
    files: fileViews(diff.files),
    files_without_diff: diff.filesWithoutDiff.slice(0, maxUntold).map((path) => line(path, maxPathLength)),
    turn_count: diff.turns,
    ...(diff.olderTurns === 0 && !diff.more ? {} : { older_turn_count: diff.olderTurns }),
    ...(diff.more ? { has_more_turns: true } : {}),
    ...(note === "" ? {} : { note }),
  }
}
