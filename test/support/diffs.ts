/** Diffs in opencode's format: with the whole file as context. */
import { TextDiff } from "effect"
import type { FileDiff } from "../../src/opencode/changes/FileDiff.ts"

const signs = { Equal: " ", Delete: "-", Insert: "+" } as const

const range = (signed: ReadonlyArray<string>, without: "+" | "-") => {
  const lines = signed.filter((line) => !line.startsWith(without)).length
  return `${lines === 0 ? 0 : 1},${lines}`
}

/** The diff of a turn that changed a file's text from `before` to `after`. Undefined means that the file does not exist. */
export const fileDiff = (file: string, before: string | undefined, after: string | undefined): FileDiff => {
  const edits = TextDiff.lines(before ?? "", after ?? "")
  const signed = edits.flatMap(({ _tag, items }) => items.map((line) => signs[_tag] + line))
  const body = signed.map((line) => (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`)).join("")
  const hunk = signed.length === 0 ? "" : `@@ -${range(signed, "+")} +${range(signed, "-")} @@\n${body}`
  return {
    file,
    patch: `Index: ${file}\n${"=".repeat(67)}\n--- ${file}\t\n+++ ${file}\t\n${hunk}`,
    additions: signed.filter((line) => line.startsWith("+")).length,
    deletions: signed.filter((line) => line.startsWith("-")).length,
    status: before === undefined ? "added" : after === undefined ? "deleted" : "modified",
  }
}
