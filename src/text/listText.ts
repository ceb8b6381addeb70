/** A list in a sentence. */

/** At most `max` items, and the number of the others. A single other one is shown, because its mark would be as long. */
export const listText = (items: ReadonlyArray<string>, max: number, separator = ", "): string => {
  const shown = items.length === max + 1 ? items : items.slice(0, max)
  const rest = items.length - shown.length
  return `${shown.join(separator)}${rest === 0 ? "" : ` and ${rest} more`}`
}
