/**
 * Whether the text matches the pattern: `*` matches any text, and `single` one character, if given. Not a regular
 * expression, because many stars would make it backtrack exponentially.
 */
export const matchesWildcard = (pattern: string, text: string, single?: "?"): boolean => {
  let at = 0
  let position = 0
  /** Where the last star is, and how much of the text it may have matched. */
  let star = -1
  let matched = 0
  while (position < text.length) {
    if (pattern[at] === "*") {
      star = at++
      matched = position
    } else if (at < pattern.length && (pattern[at] === single || pattern[at] === text[position])) {
      at++
      position++
    } else if (star >= 0) {
      at = star + 1
      position = ++matched
    } else {
      return false
    }
  }
  while (pattern[at] === "*") at++
  return at === pattern.length
}
