/** Counts the items of a JSON array without reading them: to count a page of messages, its megabytes need not become objects. */
import { backslash, closeBrace, closeBracket, openBrace, openBracket, quote } from "./jsonBytes.ts"

/** The end of the string that begins at `from`: the index of its closing quote, or of the last byte. */
const stringEnd = (bytes: Buffer, from: number): number => {
  let end = bytes.indexOf(quote, from + 1)
  for (;;) {
    if (end < 0) return bytes.length
    let escapes = 0
    while (bytes[end - 1 - escapes] === backslash) escapes++
    if (escapes % 2 === 0) return end
    end = bytes.indexOf(quote, end + 1)
  }
}

/** The number of objects that an array of objects has. Undefined if it is no whole array. */
export const countItems = (bytes: Buffer): number | undefined => {
  let depth = 0
  let items = 0
  let isArray = false
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote:
        at = stringEnd(bytes, at)
        break
      case openBracket:
        if (depth++ === 0) isArray = true
        break
      case openBrace:
        if (depth++ === 1) items++
        break
      case closeBracket:
      case closeBrace:
        depth--
    }
  }
  return isArray && depth === 0 ? items : undefined
}
