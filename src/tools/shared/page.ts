/** Lists of which an answer contains a part: where the part begins, and how to read the rest. */
import { Schema } from "effect"
import { plural } from "../../text/plural.ts"
import { count, field, Next } from "./fields.ts"

const opt = Schema.optionalKey

/** The fields of an answer with a part of a list. */
export const pageFields = {
  offset: opt(field(count, "How many were skipped")),
  more_count: opt(field(count, "How many follow")),
  next: Next,
} as const

export interface PageFields {
  readonly offset?: number
  readonly more_count?: number
  readonly next?: string
}

/** What follows an item, in a sentence with the tool to call. Empty if nothing follows. */
export const nextPage = (tool: string, noun: string, offset: number, more: number): string =>
  more <= 0 ? "" : `${plural(more, `more ${noun}`)}: ${tool} with offset ${offset}.`

/** The fields of a page that begins after `offset` items and has `shown` of them. */
export const pageOf = (
  tool: string,
  noun: string,
  { offset, shown, total }: { readonly offset: number; readonly shown: number; readonly total: number },
): PageFields => {
  const more = Math.max(0, total - offset - shown)
  return {
    ...(offset === 0 ? {} : { offset }),
    ...(offset > 0 && offset >= total ? { next: `There are only ${total}: ${tool} with a smaller offset.` } : {}),
    ...(more === 0 ? {} : { more_count: more, next: nextPage(tool, noun, offset + shown, more) }),
  }
}

/** The same page with fewer items. */
export const shorterPage = (
  tool: string,
  noun: string,
  { more_count = 0, offset = 0 }: PageFields,
  before: number,
  shown: number,
): PageFields => pageOf(tool, noun, { offset, shown, total: offset + before + more_count })
