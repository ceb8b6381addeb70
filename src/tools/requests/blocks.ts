/** Fits the parts of a text into a number of rows: whole items are left out, and each part says how many. */
import { plural } from "../../text/plural.ts"

export interface Block {
  readonly head?: string
  /** Each item has one or more rows. */
  readonly items: ReadonlyArray<ReadonlyArray<string>>
  /** What an item is called. */
  readonly unit: string
  /** The characters of a text whose end matters as much as its beginning, as in a command. Its items are rows of it. */
  readonly characters?: number
}

const rowsIn = ({ head, items }: Block) =>
  (head === undefined ? 0 : 1) + items.reduce((rows, item) => rows + item.length, 0)

const take = (items: Block["items"], room: number): Block["items"] => {
  let used = 0
  const end = items.findIndex((item) => (used += item.length) > room)
  return end === -1 ? items : items.slice(0, end)
}

const missing = ({ characters, items, unit }: Block, left: Block["items"]): string => {
  if (characters === undefined) return plural(left.length, unit)
  const shown = items.flat().join("").length - left.flat().join("").length
  return `about ${Math.max(1, characters - shown).toLocaleString("en")} characters`
}

/** The block in at most `room` rows, if there is room for one. */
const fit = (block: Block, room: number): ReadonlyArray<string> => {
  const { characters, head, items } = block
  const keepsEnd = characters !== undefined
  const top = head === undefined ? [] : [head]
  if (rowsIn(block) <= room) return [...top, ...items.flat()]
  if (room <= top.length) return room <= 0 ? [] : [`… ${missing(block, items)} not shown …`]
  const space = room - top.length - 1
  const before = take(items, keepsEnd ? Math.ceil(space / 2) : space)
  const after = keepsEnd ? take(items.slice(before.length).toReversed(), Math.floor(space / 2)).toReversed() : []
  const left = items.slice(before.length, items.length - after.length)
  return [...top, ...before.flat(), `… ${missing(block, left)} not shown …`, ...after.flat()]
}

/** More blocks than this are counted. */
const maxBlocks = 8

/** A block that needs less than its share leaves the rest to the others. */
export const fitBlocks = (all: ReadonlyArray<Block>, rows: number) => {
  const blocks = all.filter(({ items }) => items.length > 0)
  const shown = blocks.slice(0, maxBlocks)
  const others = blocks.length - shown.length
  let left = rows - (others > 0 ? 1 : 0)
  let waiting = shown.length
  const fitted = new Map<Block, ReadonlyArray<string>>()
  for (const block of shown.toSorted((one, two) => rowsIn(one) - rowsIn(two))) {
    const part = fit(block, Math.floor(left / waiting--))
    left -= part.length
    fitted.set(block, part)
  }
  return {
    rows: [
      ...shown.flatMap((block) => fitted.get(block) ?? []),
      ...(others > 0 ? [`… ${plural(others, "more detail")} not shown …`] : []),
    ],
    isWhole: others === 0 && shown.every((block) => (fitted.get(block) ?? []).length === rowsIn(block)),
  }
}
