/**
 * Text that comes from an instance or from a registration file is untrusted: it may hold escape sequences for the
 * terminal, or characters that turn the direction of the text around, or that nobody sees.
 */

/** Control characters but line feed and tab; what turns the direction; other line ends; what takes no room at all. */
const dangerous = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200B\u2060-\u2064\uFEFF\u{E0000}-\u{E007F}]--[\n\t]]/gv

/** Without control and invisible characters, direction marks and halves of characters; line feeds and tabs stay. */
export const plainText = (text: string): string => text.replaceAll(dangerous, "").toWellFormed()

/** The same on one line, with single spaces. */
export const plainLine = (text: string): string =>
  plainText(text.replaceAll(/[\r\u2028\u2029]/gu, " "))
    .replaceAll(/\s+/gu, " ")
    .trim()

/** The beginning, with what was left out counted. Never half of a character. */
export const clip = (text: string, length: number): string => {
  if (text.length <= length) return text
  const kept = text.slice(0, length).replace(/[\uD800-\uDBFF]$/u, "")
  return `${kept}… [${(text.length - kept.length).toLocaleString("en")} more characters]`
}

/** What somebody has given, in a sentence about it. */
export const quote = (text: string): string => JSON.stringify(line(text, 100))

/** One line of somebody else's, no longer than it is useful. */
export const line = (text: string, length = 300): string => clip(plainLine(text), length)
