/** Renders the answer of get_diff as Markdown. */
import { plural } from "../../text/plural.ts"
import type { DiffView, FileView } from "./changeSchemas.ts"
import { block, code, paragraphs } from "../shared/markdown.ts"

const lines = ({ additions, deletions }: Pick<FileView, "additions" | "deletions">) => `+${additions} -${deletions}`

const file = (view: FileView): string =>
  [
    `${code(view.path)} **${view.status}** ${lines(view)}${view.detail === undefined ? "" : ` (${view.detail})`}`,
    ...(view.patch === undefined ? [] : [block(view.patch)]),
  ].join("\n")

export const renderDiff = (view: DiffView): string =>
  paragraphs(
    `${plural(view.file_count, "file")} changed, ${lines(view)}, in ${
      view.message_id === undefined ? plural(view.turn_count, "turn") : `the turn of message ${code(view.message_id)}`
    } of session ${code(view.session_id)} on ${code(view.instance)}.`,
    view.note ?? "",
    view.unreadable ?? "",
    view.files_without_diff.length === 0
      ? ""
      : `Also changed, by turns without a diff (running, interrupted, fully reverted, or not understood): ${view.files_without_diff.map(code).join(", ")}${
          view.files_without_diff_count === undefined
            ? ""
            : ` and ${view.files_without_diff_count - view.files_without_diff.length} more`
        }`,
    ...view.files.map(file),
    view.next ?? "",
  )
