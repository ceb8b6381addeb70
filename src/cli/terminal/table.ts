/** A table for a terminal: aligned by displayed cells, with no line wider than the terminal. */
import { CliOutput } from "effect/cli"
import { cut } from "../../text/cells.ts"
import { plainLine } from "../../text/plainText.ts"

export interface Cell {
  readonly text: string
  /** Number of spaces before the text. */
  readonly indent?: number
  /** Adds colour. Must not change the width. */
  readonly style?: (text: string) => string
}

export interface Column {
  readonly title: string
  /** The width in cells to which the column may be cut. A column without a minimum is cut last. */
  readonly minWidth?: number
  /** Whether the column may be dropped if the minimum widths do not fit. The last such column is dropped first. */
  readonly optional?: boolean
}

const gap = "  "

const { displayWidth } = CliOutput

/** Wraps text into lines that fit. A word that is longer than a line is cut. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let current = ""
  for (const word of text.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`
    if (current !== "" && displayWidth(longer) > width) {
      lines.push(current)
      current = word
    } else current = longer
  }
  return [...lines, current].map((each) => cut(each, width))
}

interface Fitted {
  readonly index: number
  readonly width: number
}

const total = (fitted: ReadonlyArray<Fitted>) =>
  fitted.reduce((sum, { width }) => sum + width, gap.length * Math.max(0, fitted.length - 1))

/** Shrinks the widest columns, one cell at a time, until the table fits or every column has its minimum. */
const shrink = (fitted: ReadonlyArray<Fitted>, minWidth: (index: number) => number, room: number) => {
  let now = fitted
  while (total(now) > room) {
    const widest = now
      .filter(({ index, width }) => width > minWidth(index))
      .reduce<Fitted | undefined>(
        (one, other) => (one === undefined || other.width > one.width ? other : one),
        undefined,
      )
    if (widest === undefined) return now
    now = now.map((one) => (one === widest ? { ...one, width: one.width - 1 } : one))
  }
  return now
}

/** Which columns are shown, and how wide each is. */
const fit = (
  columns: ReadonlyArray<Column>,
  naturalWidths: ReadonlyArray<number>,
  room: number,
): ReadonlyArray<Fitted> => {
  const widthOf = (index: number) => naturalWidths[index] ?? 0
  const minWidth = (index: number) => Math.min(widthOf(index), columns[index]?.minWidth ?? widthOf(index))
  let shown = columns.map((_, index) => index)
  const tooWide = (width: (index: number) => number) =>
    total(shown.map((index) => ({ index, width: width(index) }))) > room
  while (tooWide(minWidth)) {
    const dropped = shown.findLast((index) => columns[index]?.optional === true)
    if (dropped === undefined) break
    shown = shown.filter((index) => index !== dropped)
  }
  while (shown.length > 1 && tooWide(() => 1)) shown = shown.slice(0, -1)
  const whole = shown.map((index) => ({ index, width: widthOf(index) }))
  return shrink(shrink(whole, minWidth, room), () => 1, room)
}

/** The lines of the table, titles first. `room` is the width of the terminal in cells; Infinity without a terminal. */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  room: number,
): ReadonlyArray<string> => {
  const lines = [columns.map(({ title }): Cell => ({ text: title })), ...rows].map((cells) =>
    cells.map(({ indent = 0, text, ...cell }) => ({ ...cell, text: " ".repeat(indent) + plainLine(text) })),
  )
  const naturalWidths = columns.map((_, index) =>
    Math.max(...lines.map((cells) => displayWidth(cells[index]?.text ?? ""))),
  )
  const fitted = fit(columns, naturalWidths, room)
  return lines.map((cells) =>
    fitted
      .map(({ index, width }, position) => {
        const { style = (text: string) => text, text } = cells[index] ?? { text: "" }
        const shown = cut(text, width)
        const padding = position === fitted.length - 1 ? 0 : width - displayWidth(shown)
        return style(shown) + " ".repeat(Math.max(0, padding))
      })
      .join(gap)
      .trimEnd(),
  )
}
