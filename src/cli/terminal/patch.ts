/** A unified diff in colours, and a summary of the changed files. */
import { plainText } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import type { DiffView, FileView } from "../../tools/changes/changeSchemas.ts"
import type { Style } from "./style.ts"

const colouredLine = (text: string, style: Style): string => {
  if (/^(?:\+\+\+|---) /u.test(text)) return style.faint(text)
  if (text.startsWith("@@")) return style.warning(text)
  if (text.startsWith("+")) return style.good(text)
  return text.startsWith("-") ? style.bad(text) : text
}

export const colouredPatch = (patch: string, style: Style): string =>
  plainText(patch)
    .split("\n")
    .map((text) => colouredLine(text, style))
    .join("\n")

const counts = ({ additions, deletions }: Pick<FileView, "additions" | "deletions">, style: Style) =>
  `${style.good(`+${additions}`)} ${style.bad(`-${deletions}`)}`

const file = ({ additions, deletions, detail, path, status }: FileView, style: Style) =>
  `  ${path}  ${status}  ${counts({ additions, deletions }, style)}${detail === undefined ? "" : `  (${detail})`}`

export const diffSummary = (view: DiffView, style: Style): string => {
  const scope = view.message_id === undefined ? plural(view.turn_count, "turn") : `the turn of ${view.message_id}`
  return [
    `${plural(view.file_count, "file")} changed, ${counts(view, style)}, in ${scope} of session ${view.session_id} on ${view.instance}`,
    ...view.files.map((each) => file(each, style)),
    ...(view.files_without_diff.length === 0
      ? []
      : [
          "Also changed, by turns for which opencode has no diff (running, interrupted, or fully reverted):",
          ...view.files_without_diff.map((path) => `  ${path}`),
        ]),
    ...[view.note, view.unreadable].filter((text) => text !== undefined),
  ].join("\n")
}
