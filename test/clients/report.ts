/** The lines of the table. */
import type { Cell, Column } from "../../src/cli/terminal/table.ts"
import type { Row } from "./tryClient.ts"

const titles = [
  "client",
  "version",
  "protocol",
  "tools",
  "calls",
  "outcome",
  "form",
  "its model gets",
  "cut in mid-call",
  "server",
  "result",
]

export const columns: ReadonlyArray<Column> = titles.map((title) => ({ title }))

export const lineOf = ({ cut, facts, isGone, name, note, problems, version }: Row): ReadonlyArray<Cell> =>
  [
    name,
    version,
    facts?.protocol,
    facts?.tools,
    facts?.calls.length,
    facts?.outcome,
    facts?.replies.join("; "),
    facts?.given,
    cut === undefined ? "" : `${cut.cut ?? "not cut"}, stored ${cut.stored}`,
    isGone ? "ended" : "RUNNING",
    problems.length === 0 ? (note ?? "ok") : `FAILED: ${(problems[0] ?? "").slice(0, 80)}`,
  ].map((text) => ({ text: text === undefined || text === "" || text === 0 ? "-" : String(text) }))
