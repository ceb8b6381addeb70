/** The rows of a list that fit into a window. */

interface VisibleRows {
  readonly start: number
  /** The row after the last one that is shown. */
  readonly end: number
}

/**
 * As many whole rows as fit, with the selected one, as near to the list's beginning as possible. `heights`: the lines of each
 * row. Rows that are left out at either end take one line, which says so.
 */
export const visibleRows = (heights: ReadonlyArray<number>, selected: number, height: number): VisibleRows => {
  const fits = (start: number, end: number) => {
    const hints = (start > 0 ? 1 : 0) + (end < heights.length ? 1 : 0)
    return heights.slice(start, end).reduce((sum, lines) => sum + lines, hints) <= height
  }
  let start = 0
  while (start < selected && !fits(start, selected + 1)) start++
  let end = selected + 1
  // The hint disappears with the last row, so one more row may not fit where two do.
  for (let next = end + 1; next <= heights.length; next++) if (fits(start, next)) end = next
  return { start, end }
}
