/** Clips long text, with a mark that counts the characters left out and says how to read them. */
import { truncate, truncateStart } from "./truncate.ts"

const counted = (characters: number) => characters.toLocaleString("en")

/**
 * Clips the end. A function for how to read it is given the number of characters kept. Text that is no longer than the mark
 * in its place is kept. `unread` characters follow the text and are left out in any case.
 */
export const clip = (
  text: string,
  length: number,
  rest: string | ((kept: number) => string) = "",
  unread = 0,
): string => {
  if (text.length <= length && unread === 0) return text
  const kept = truncate(text, length)
  const how = typeof rest === "string" ? rest : rest(kept.length)
  const left = text.length - kept.length + unread
  const mark = `… [${counted(left)} more characters${how === "" ? "" : `: ${how}`}]`
  return left <= mark.length && unread === 0 ? text : `${kept}${mark}`
}

/** Clips the beginning, for texts whose end matters most; otherwise like {@link clip}. */
export const clipStart = (text: string, length: number, rest = ""): string => {
  if (text.length <= length) return text
  const kept = truncateStart(text, length)
  const left = text.length - kept.length
  const mark = `[${counted(left)} characters before this${rest === "" ? "" : `: ${rest}`}] …`
  return left <= mark.length ? text : `${mark}${kept}`
}
