/** The known name that a misspelt one means. */

/** In lower case and without separators. */
export const folded = (name: string) => name.toLowerCase().replaceAll(/[\s_-]/gu, "")

/** Edits (insertions, deletions, replacements) that turn one text into the other. */
export const edits = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...to].entries()) {
      next.push(
        Math.min(
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
          (row[column] ?? 0) + (character === other ? 0 : 1),
        ),
      )
    }
    row = next
  }
  return row[to.length] ?? 0
}

/** A longer name is no misspelling of a parameter, an agent or a model. */
const maxLength = 200

/** The closest of the names: the same but for case and separators, few edits away, or with the other one as a part. */
export const nearest = (wanted: string, names: ReadonlyArray<string>): string | undefined => {
  if (wanted.length > maxLength) return undefined
  const sought = folded(wanted)
  if (sought === "") return undefined
  const [best] = names
    .map((name) => ({ name, other: folded(name) }))
    .map(({ name, other }) => ({
      name,
      isPart: Math.min(other.length, sought.length) > 2 && (other.includes(sought) || sought.includes(other)),
      edits: edits(sought, other),
    }))
    .filter(({ edits, isPart }) => isPart || edits <= Math.max(1, Math.floor(sought.length / 3)))
    .sort((one, other) => one.edits - other.edits)
  return best?.name
}
