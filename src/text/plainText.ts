/**
 * Makes untrusted text safe to show. Text from an instance or a registration file may contain terminal escape sequences,
 * characters that reverse the text's direction, or invisible characters.
 */
import { clip } from "./clip.ts"
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

/** Quotes user input for an error message: one line, at most 100 characters. */
export const quote = (text: string): string => JSON.stringify(line(text, 100))

/** A line is made of at most this many times its length: removing characters from megabytes takes seconds. */
const readPerCharacter = 16

/** One line of untrusted text, at most `length` characters plus the number of characters left out. */
export const line = (text: string, length = 300): string => {
  const read = truncate(text, length * readPerCharacter)
  return clip(plainLine(read), length, "", text.length - read.length)
}
