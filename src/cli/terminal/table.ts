/** A table for a terminal: aligned by displayed cells, with no line wider than the terminal. */
import { CliOutput } from "effect/cli"
import { cut } from "../../text/cells.ts"
import { plainLine } from "../../text/plainText.ts"
import { wrap } from "./wrap.ts"

export interface Cell {
  readonly text: string
  /** Number of spaces before the text. */
  readonly indent?: number
  /** Stands in the indent. */
  readonly mark?: string
  /** Adds colour. Must not change the width. */
  readonly style?: (text: string) => string
}

export interface Column {
  readonly title: string
  /** The width in cells to which the column may be cut. A column without a minimum is cut last. */
  readonly minWidth?: number
  /**
   * A column with a priority is dropped if the minimum widths do not fit, the one with the highest number first. Columns
   * without a priority remain as long as one cell of each fits.
   */
  readonly priority?: number
  /** Never cut, not even in a terminal that is narrower than its text. */
  readonly whole?: boolean
  /** How a text is cut. Default: at its end. */
  readonly cut?: (text: string, width: number) => string
}

/** A text about a row: at the end of the row if all notes fit there, otherwise wrapped into lines below the row. */
export interface Note extends Cell {
  /** Maximum number of lines below the row; the last one is cut. Default: no maximum. */
  readonly maxLines?: number
}

export interface Row {
  readonly cells: ReadonlyArray<Cell>
  readonly notes: ReadonlyArray<Note>
}

const gap = "  "

const { displayWidth } = CliOutput

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
  isEmpty: (index: number) => boolean,
  room: number,
): ReadonlyArray<Fitted> => {
  const widthOf = (index: number) => naturalWidths[index] ?? 0
  const minWidth = (index: number) => Math.min(widthOf(index), columns[index]?.minWidth ?? widthOf(index))
  const leastWidth = (index: number) => (columns[index]?.whole === true ? widthOf(index) : 1)
  const priority = (index: number) => columns[index]?.priority ?? 0
  let shown = columns.flatMap((_, index) => (isEmpty(index) ? [] : [index]))
  const tooWide = (width: (index: number) => number) =>
    total(shown.map((index) => ({ index, width: width(index) }))) > room
  while (tooWide(minWidth)) {
    const lowest = Math.max(...shown.map(priority))
    if (lowest === 0) break
    shown = shown.filter((index) => priority(index) !== lowest)
  }
  while (shown.length > 1 && tooWide(leastWidth)) shown = shown.slice(0, -1)
  const natural = shown.map((index) => ({ index, width: widthOf(index) }))
  return shrink(shrink(natural, minWidth, room), leastWidth, room)
}

const plain = <A extends Cell>({ indent = 0, mark = "", ...cell }: A) => ({
  ...cell,
  text: mark.padEnd(indent) + plainLine(cell.text),
})

const unstyled = (text: string) => text

/** The notes of a row as one cell. */
const beside = (notes: ReadonlyArray<Note>): Cell => {
  const style = notes.find(({ style }) => style !== undefined)?.style
  return { text: notes.map(({ text }) => text).join("; "), ...(style === undefined ? {} : { style }) }
}

/** Cells. Without a terminal, nothing is cut, and a longer text in a column that could be cut does not widen the other rows. */
const maxPadding = 60

const noteIndent = 2

/** The notes of a row as lines below it, which start where the text of its first cell starts, plus an indent. */
const below = ({ cells: [first], notes }: Row, room: number): ReadonlyArray<string> => {
  const indent = Math.min((first?.indent ?? 0) + noteIndent, Math.max(0, room - 1))
  return notes.flatMap(({ maxLines = Infinity, style = unstyled, text }) => {
    const lines = wrap(plainLine(text), room - indent)
    const shown =
      lines.length <= maxLines
        ? lines
        : [...lines.slice(0, maxLines - 1), cut(lines.slice(maxLines - 1).join(" "), room - indent)]
    return shown.map((line) => " ".repeat(indent) + style(line))
  })
}

interface Drawn {
  /** Titles first. */
  readonly lines: ReadonlyArray<string>
  /** Whether no column was dropped or cut. */
  readonly isWhole: boolean
}

const draw = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Cell>>, room: number): Drawn => {
  const lines = [columns.map(({ title }): Cell => ({ text: title })), ...rows].map((cells) => cells.map(plain))
  const naturalWidths = columns.map((_, index) =>
    Math.max(...lines.map((cells) => displayWidth(cells[index]?.text ?? ""))),
  )
  const isEmpty = (index: number) => rows.every((cells) => (cells[index]?.text ?? "") === "")
  // In a pipe the columns are always the same.
  const fitted = fit(columns, naturalWidths, room === Infinity ? () => false : isEmpty, room)
  const drawn = lines.map((cells) =>
    fitted
      .map(({ index, width }, position) => {
        const { style = unstyled, text } = cells[index] ?? { text: "" }
        const shown = room === Infinity ? text : (columns[index]?.cut ?? cut)(text, width)
        const padded = room === Infinity && columns[index]?.minWidth !== undefined ? Math.min(width, maxPadding) : width
        const padding = position === fitted.length - 1 ? 0 : padded - displayWidth(shown)
        return style(shown) + " ".repeat(Math.max(0, padding))
      })
      .join(gap)
      .trimEnd(),
  )
  return { lines: drawn, isWhole: total(naturalWidths.map((width, index) => ({ index, width }))) <= room }
}

/**
 * The lines of the table, titles first. `room` is the width of the terminal in cells; Infinity without a terminal, where each
 * row is one line.
 */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  room: number,
): ReadonlyArray<string> => draw(columns, rows, room).lines

export interface TableRows {
  readonly titles: string
  /** The lines of each row. */
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

const separate = ([titles = "", ...lines]: ReadonlyArray<string>): TableRows => ({
  titles,
  rows: lines.map((line) => [line]),
})

/** Like {@link table}, with notes, row by row. */
export const tableRows = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<Row>, room: number): TableRows => {
  const cells = rows.map(({ cells }) => cells)
  if (rows.every(({ notes }) => notes.length === 0)) return separate(table(columns, cells, room))
  const withColumn = rows.map(({ cells, notes }) => [...cells, beside(notes)])
  const { isWhole, lines } = draw([...columns, { title: "NOTE" }], withColumn, room)
  if (isWhole) return separate(lines)
  const { rows: others, titles } = separate(table(columns, cells, room))
  return { titles, rows: rows.map((row, index) => [...(others[index] ?? []), ...below(row, room)]) }
}

/** Like {@link table}, with notes. */
export const tableWithNotes = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<Row>,
  room: number,
): ReadonlyArray<string> => {
  const { rows: lines, titles } = tableRows(columns, rows, room)
  return [titles, ...lines.flat()]
}
