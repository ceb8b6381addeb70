/** Diffs as opencode writes them: with the whole file as context. */
import type { FileDiff } from "../../src/opencode/changes/FileDiff.ts"

/** With their line feeds. */
export const linesOf = (text: string): ReadonlyArray<string> => text.match(/[^\n]*\n|[^\n]+$/gu) ?? []

/** A shortest way from one to the other, as signed lines: the table of longest common subsequences, read from the end. */
const edits = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<string> => {
  let row: ReadonlyArray<ReadonlyArray<string>> = Array.from({ length: after.length + 1 }, (_, length) =>
    after.slice(0, length).map((line) => `+${line}`),
  )
  for (const old of before) {
    const next: Array<ReadonlyArray<string>> = [[...(row[0] ?? []), `-${old}`]]
    for (const [index, line] of after.entries()) {
      const kept = [...(row[index] ?? []), ` ${line}`]
      const deleted = [...(row[index + 1] ?? []), `-${old}`]
      const added = [...(next[index] ?? []), `+${line}`]
      next.push(old === line ? kept : added.length <= deleted.length ? added : deleted)
    }
    row = next
  }
  return row.at(-1) ?? []
}

const range = (lines: ReadonlyArray<string>) => `${lines.length === 0 ? 0 : 1},${lines.length}`

/** What a turn did to a file that had the text `before` and has `after`; without one of them there was or is no file. */
export const fileDiff = (file: string, before: string | undefined, after: string | undefined): FileDiff => {
  const [old, now] = [linesOf(before ?? ""), linesOf(after ?? "")]
  const signed = edits(old, now)
  const body = signed.map((line) => (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`)).join("")
  const hunk = signed.length === 0 ? "" : `@@ -${range(old)} +${range(now)} @@\n${body}`
  return {
    file,
    patch: `Index: ${file}\n${"=".repeat(67)}\n--- ${file}\t\n+++ ${file}\t\n${hunk}`,
    additions: signed.filter((line) => line.startsWith("+")).length,
    deletions: signed.filter((line) => line.startsWith("-")).length,
    status: before === undefined ? "added" : after === undefined ? "deleted" : "modified",
  }
}
