/** Cuts text to a length in UTF-16 units, never through the middle of a character. */

/** At most the first `length` units. */
export const truncate = (text: string, length: number): string =>
  text.length <= length ? text : text.slice(0, length).replace(/[\uD800-\uDBFF]$/u, "")

/** At most the last `length` units. */
export const truncateStart = (text: string, length: number): string =>
  text.length <= length ? text : text.slice(text.length - length).replace(/^[\uDC00-\uDFFF]/u, "")
