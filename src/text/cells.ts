/** Cuts and wraps text by the cells that it takes in a terminal. A wide character takes two. */
import { CliOutput } from "effect/cli"
import { truncate, truncateStart } from "./truncate.ts"

const printable = /^[ -~]*$/u

/** The cells that a text takes in a terminal. */
export const displayWidth = (text: string) => (printable.test(text) ? text.length : CliOutput.displayWidth(text))

const graphemes = new Intl.Segmenter()

/** The longest beginning of the characters that fits into `width` cells. */
const fitting = (characters: Iterable<string>, width: number): ReadonlyArray<string> => {
  const kept: Array<string> = []
  let used = 0
  for (const character of characters) {
    used += displayWidth(character)
    if (used > width) break
    kept.push(character)
  }
  return kept
}

const split = (text: string) =>
  printable.test(text) ? [...text] : Array.from(graphemes.segment(text), ({ segment }) => segment)

/** Whether a line takes at most `width` cells. */
export const fits = (text: string, width: number): boolean => displayWidth(text) <= width

/** Cuts a line to `width` cells, with an ellipsis. Never halves a character that is two cells wide. */
export const cut = (text: string, width: number): string => {
  if (fits(text, width)) return text
  return width < 1 ? "" : `${fitting(split(text), width - 1).join("")}…`
}

/** Shortens a path to `width` cells at its beginning, between two names if possible: `…/shop/api`. */
export const cutPath = (path: string, width: number): string => {
  if (fits(path, width)) return path
  if (width < 1) return ""
  const end = [...fitting(split(path).toReversed(), width - 1)].toReversed().join("")
  return `…${end.slice(Math.max(0, end.search(/[/\\]/u)))}`
}

const gap = " … "

/** UTF-16 units of the longest character that occurs in practice, an emoji of a family. */
const maxUnits = 16

/** Shortens a line to `width` cells in its middle, because the end of a command matters as much as its beginning. */
export const cutMiddle = (text: string, width: number): string => {
  if (text.length <= width * maxUnits && fits(text, width)) return text
  const room = width - gap.length
  const head = fitting(split(truncate(text, room * maxUnits)), Math.ceil(room / 2)).join("")
  const tail = fitting(split(truncateStart(text, room * maxUnits)).toReversed(), Math.floor(room / 2))
  return `${head.trimEnd()}${gap}${tail.toReversed().join("").trimStart()}`
}

/** Breaks a line into pieces of at most `width` cells, wherever that is. */
export const pieces = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let current = ""
  let used = 0
  for (const character of split(text)) {
    const cells = displayWidth(character)
    if (used + cells > width && current !== "") {
      lines.push(current)
      current = ""
      used = 0
    }
    current += character
    used += cells
  }
  return [...lines, current]
}

/** How many rows a line takes in a window of `width` cells. */
export const rowsOf = (text: string, width: number): number => Math.max(1, Math.ceil(displayWidth(text) / width))
