/** The lines that fit into so many rows, at least one, with the number of the others. */
export const fitLines = (lines: ReadonlyArray<string>, rows: number): ReadonlyArray<string> =>
  lines.length <= rows || rows < 2
    ? lines.slice(0, Math.max(1, rows))
    : [...lines.slice(0, rows - 1), `… and ${lines.length - (rows - 1)} more lines`]
