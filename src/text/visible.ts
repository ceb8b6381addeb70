/** Makes characters visible that a person would not see, so that they read what they allow. */

/**
 * Control, format and other invisible characters. The joiner and the variation selector stay within an emoji; everything
 * else that is invisible can make two commands look alike.
 */
const invisible =
  /(?:\u200D|\uFE0F)(?<!(?:\p{Extended_Pictographic}|\uFE0F|\p{Emoji_Modifier})(?:\u200D|\uFE0F))|(?!\u200D|\uFE0F|[\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** Control characters as their pictures (`␛`), the others as code points (`\u{202E}`). */
const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  return code === 0x7f ? "\u2421" : `\\u{${code.toString(16).toUpperCase()}}`
}

/** Hundreds of marks on one character take a single cell; no script needs as many as these. */
const stacked = /(\p{M}{6})\p{M}+/gu

/** Keeps line feeds and tabs; `\r\n` counts as one line feed. */
export const visible = (text: string): string =>
  text.replaceAll("\r\n", "\n").replaceAll(invisible, escaped).replaceAll(stacked, "$1…").toWellFormed()

/** Like {@link visible}, on one line and with single spaces. A line break becomes `⏎`. */
export const visibleLine = (text: string): string =>
  visible(text.trim()).replaceAll("\n", " ⏎ ").replaceAll(/\s+/gu, " ").trim()
