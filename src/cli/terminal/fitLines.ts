/** The lines that fit into `rows`, at least one, and the number of the others. */
export const fitLines = (lines: ReadonlyArray<string>, rows: number): ReadonlyArray<string> =>
  lines.length <= rows || rows < 2
    ? lines.slice(0, Math.max(1, rows))
    : [...lines.slice(0, rows - 1), `… and ${lines.length - (rows - 1)} more lines`]
