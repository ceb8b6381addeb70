/** A table for people: aligned by the cells that a terminal shows, and no line wider than it. */
import { CliOutput } from "effect/cli"
import { plainLine } from "../../text/plainText.ts"

export interface Cell {
  readonly text: string
  /** Blanks before it. */
  readonly indent?: number
  /** Makes the text stand out, without changing its width. */
  readonly style?: (text: string) => string
}

export interface Column {
  readonly title: string
  /** It may be cut to so many cells where there is no room for all; without this it is cut last. */
  readonly least?: number
  /** Whether it goes where it is empty, or where there is no room even for the least of each: of several the last first. */
  readonly spare?: boolean
}

const gap = "  "

const { displayWidth } = CliOutput

const graphemes = new Intl.Segmenter()

/** The beginning of a line. A character that is two cells wide is never halved. */
export const cut = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text
  let kept = ""
  let used = 1
  for (const { segment } of graphemes.segment(text)) {
    used += displayWidth(segment)
    if (used > width) break
    kept += segment
  }
  return width < 1 ? "" : `${kept}…`
}

/** The whole text in lines that fit. A word that is too long for a line is cut. */
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

/** Takes from the widest columns, one cell at a time, until the table fits or each has its least. */
const shrink = (fitted: ReadonlyArray<Fitted>, least: (index: number) => number, room: number) => {
  let now = fitted
  while (total(now) > room) {
    const widest = now
      .filter(({ index, width }) => width > least(index))
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
const fit = (columns: ReadonlyArray<Column>, natural: ReadonlyArray<number>, room: number): ReadonlyArray<Fitted> => {
  const widthOf = (index: number) => natural[index] ?? 0
  const least = (index: number) => Math.min(widthOf(index), columns[index]?.least ?? widthOf(index))
  let shown = columns.map((_, index) => index)
  const tooWide = (width: (index: number) => number) =>
    total(shown.map((index) => ({ index, width: width(index) }))) > room
  while (tooWide(least)) {
    const spare = shown.findLast((index) => columns[index]?.spare === true)
    if (spare === undefined) break
    shown = shown.filter((index) => index !== spare)
  }
  while (shown.length > 1 && tooWide(() => 1)) shown = shown.slice(0, -1)
  const whole = shown.map((index) => ({ index, width: widthOf(index) }))
  return shrink(shrink(whole, least, room), () => 1, room)
}

/** The lines of the table, its titles first. `room` is the width of the terminal; infinite where there is none. */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  room: number,
): ReadonlyArray<string> => {
  const lines = [columns.map(({ title }): Cell => ({ text: title })), ...rows].map((cells) =>
    cells.map(({ indent = 0, text, ...cell }) => ({ ...cell, text: " ".repeat(indent) + plainLine(text) })),
  )
  const natural = columns.map((_, index) => Math.max(...lines.map((cells) => displayWidth(cells[index]?.text ?? ""))))
  const fitted = fit(columns, natural, room)
  return lines.map((cells) =>
    fitted
      .map(({ index, width }, place) => {
        const { style = (text: string) => text, text } = cells[index] ?? { text: "" }
        const shown = cut(text, width)
        const padding = place === fitted.length - 1 ? 0 : width - displayWidth(shown)
        return style(shown) + " ".repeat(Math.max(0, padding))
      })
      .join(gap)
      .trimEnd(),
  )
}
