/** Builds the view of a session's changes. */
import { plural } from "../../text/plural.ts"
import type { FileChange } from "../../opencode/changes/FileChanges.ts"
import type { MessageId } from "../../opencode/Identifiers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { SessionDiff } from "../../opencode/changes/sessionDiff.ts"
import type { Target } from "../../opencode/Target.ts"
import { lacksMessages, nothingUnreadable, type Unreadable } from "../../opencode/Unreadable.ts"
import { line, plainText } from "../../text/plainText.ts"
import { truncate } from "../../text/truncate.ts"
import { greatest } from "../shared/answerSize.ts"
import type { DiffView, FileView } from "./changeSchemas.ts"
import { unreadableView } from "../shared/unreadable.ts"

const maxPathLength = 1000

const detailOf = ({ patches }: FileChange): string | undefined => {
  if (patches.length === 0) return "no text diff: a binary or empty file, a mode change only, or an unusual file name"
  if (patches.length === 1) return undefined
  return `changed outside of the session between two turns: the ${patches.length} patches are in order, and a line changed by several of them counts several times`
}

export const shownPath = ({ path }: Pick<FileChange, "path">): string => line(path, maxPathLength)

const fileView = (change: FileChange): FileView => {
  const detail = detailOf(change)
  const { additions, deletions, status } = change
  const patch = plainText(change.patches.join("\n"))
  return {
    path: shownPath(change),
    status,
    additions,
    deletions,
    ...(patch === "" ? {} : { patch }),
    ...(detail === undefined ? {} : { detail }),
  }
}

/** Why there are no files. What is not understood may contradict a reason, which is then left out. */
const reasonOf = (
  { running, turns, undone, unrecorded, filesWithoutDiff }: SessionDiff,
  unreadable: Unreadable,
): string => {
  if (turns === 0) return lacksMessages(unreadable) ? "" : "No messages yet."
  if (unrecorded === "not in git" && !unreadable.has("project")) {
    return "The session's directory is not in a git repository; opencode records changes only in one."
  }
  if (unrecorded === "snapshots are off" && !lacksMessages(unreadable)) {
    return 'opencode records no changes, because its snapshots are off ("snapshot": false in its configuration).'
  }
  return running || undone + filesWithoutDiff.length + unreadable.size > 0
    ? ""
    : "No file was changed. opencode does not record files that git ignores, files outside of the session's directory, and very large new files."
}

const noteOf = (diff: SessionDiff, unreadable: Unreadable): string => {
  const { files, more, olderTurns, running, undone } = diff
  return [
    files.length === 0 ? reasonOf(diff, unreadable) : "",
    undone === 0 ? "" : `${plural(undone, "file")} changed and reverted.`,
    running ? "A turn is running; its changes are shown when it ends." : "",
    olderTurns === 0 && !more ? "" : `${olderTurns}${more ? "+" : ""} older turns are not included.`,
  ]
    .filter((sentence) => sentence !== "")
    .join(" ")
}

const sum = (files: ReadonlyArray<FileChange>, of: "additions" | "deletions") =>
  files.reduce((total, file) => total + file[of], 0)

/** Which files, where the page begins, and what is missing. */
interface DiffPage {
  readonly message?: MessageId | undefined
  /** Files to skip. */
  readonly offset?: number | undefined
  /** What was left out. */
  readonly unreadable?: Unreadable
}

export const diffView = (
  target: Target,
  session: Session,
  diff: SessionDiff,
  { message, offset = 0, unreadable = nothingUnreadable }: DiffPage = {},
): DiffView => {
  const note = noteOf(diff, unreadable)
  const files = diff.files.slice(offset)
  return {
    instance: target.instance,
    session_id: session.id,
    ...(message === undefined ? {} : { message_id: message }),
    file_count: diff.files.length,
    additions: sum(diff.files, "additions"),
    deletions: sum(diff.files, "deletions"),
    files: files.map(fileView),
    ...(offset === 0 ? {} : { offset }),
    files_without_diff: diff.filesWithoutDiff.map((path) => line(path, 200)),
    turn_count: diff.turns,
    ...(diff.olderTurns === 0 && !diff.more ? {} : { older_turn_count: diff.olderTurns }),
    ...(diff.more ? { has_more_turns: true } : {}),
    ...(note === "" ? {} : { note }),
    ...unreadableView(unreadable, target.version),
  }
}

/** One file, with its patch from that character on, as long as the answer allows. */
export const filePage = (view: DiffView, offset: number, fits: (view: DiffView) => boolean): DiffView => {
  const [file] = view.files
  const { patch = "", ...facts } = file ?? { patch: "" }
  if (file === undefined || patch === "") return view
  const from = Math.min(offset, patch.length)
  const page = (room: number): DiffView => {
    const shown = truncate(patch.slice(from), room)
    const more = patch.length - from - shown.length
    return {
      ...view,
      files: [{ ...file, ...facts, ...(shown === "" ? {} : { patch: shown }) }],
      ...(from === 0 ? {} : { offset: from }),
      ...(more === 0
        ? {}
        : {
            more_count: more,
            next: `${more.toLocaleString("en")} more characters: get_diff with this path and offset ${from + shown.length}.`,
          }),
    }
  }
  return page(greatest(2, patch.length - from, (room) => fits(page(room))))
}
