/**
 * Makes untrusted text safe to show. Text from an instance or a registration file may contain terminal escape sequences,
 * characters that reverse the text's direction, or invisible characters.
 */
import { truncate } from "./truncate.ts"

/** Control characters except line feed and tab, bidirectional controls, other line ends, and zero-width characters. */
const dangerous = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200B\u2060-\u2064\uFEFF\u{E0000}-\u{E007F}]--[\n\t]]/gv

/** Removes control, invisible and bidirectional characters and lone surrogates; keeps line feeds and tabs. */
export const plainText = (text: string): string => text.replaceAll(dangerous, "").toWellFormed()

/** Like {@link plainText}, on one line and with single spaces. */
export const plainLine = (text: string): string =>
  plainText(text.replaceAll(/[\r\u2028\u2029]/gu, " "))
    .replaceAll(/\s+/gu, " ")
    .trim()

/**
 * The first `length` characters, followed by the number of characters left out and how to read them. A function for that is
 * given the number of characters kept.
 */
export const clip = (text: string, length: number, rest: string | ((kept: number) => string) = ""): string => {
  if (text.length <= length) return text
  const kept = truncate(text, length)
  const how = typeof rest === "string" ? rest : rest(kept.length)
  return `${kept}… [${(text.length - kept.length).toLocaleString("en")} more characters${how === "" ? "" : `: ${how}`}]`
}

/** Quotes user input for an error message: one line, at most 100 characters. */
export const quote = (text: string): string => JSON.stringify(line(text, 100))

/** One line of untrusted text, at most `length` characters plus the number of characters left out. */
export const line = (text: string, length = 300): string => clip(plainLine(text), length)
