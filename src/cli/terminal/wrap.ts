/** Wraps text at words. */
import { fits, pieces } from "../../text/cells.ts"

/** Lines of at most `width` cells. A word that is longer than a line is broken, not cut. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let current = ""
  for (const word of text.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`
    if (fits(longer, width)) {
      current = longer
      continue
    }
    const [first = "", ...rest] = pieces(word, width)
    if (current !== "") lines.push(current)
    lines.push(...[first, ...rest].slice(0, -1))
    current = rest.at(-1) ?? first
  }
  return [...lines, current]
}
