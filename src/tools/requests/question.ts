/** The labels of a question's options: as shown to the person, and mapped back to opencode's own. */
import type { Question } from "../../opencode/requests/PendingRequest.ts"
import { line } from "../../text/plainText.ts"

export const allowsCustomAnswer = ({ custom, options }: Question): boolean => custom !== false || options.length === 0

const unique = (shown: string, taken: ReadonlySet<string>): string => {
  let label = shown
  for (let copy = 2; taken.has(label); copy++) label = `${shown} (${copy})`
  return label
}

/** The labels, printable and unique. */
export const shownLabels = ({ options }: Question): ReadonlyArray<string> => {
  const labels = new Set<string>()
  for (const { label } of options) labels.add(unique(line(label, 200) || "(no text)", labels))
  return [...labels]
}

/** The choice of a form that leads to a form of its own for the person's own words. Unlike any of the labels. */
export const anotherAnswer = (question: Question): string => unique("another answer…", new Set(shownLabels(question)))

/** Maps a label, as shown or original, to the option's original label. A custom answer stays as it is. */
export const originalLabel = (question: Question, given: string): string => {
  const labels = question.options.map(({ label }) => label)
  return labels.includes(given) ? given : (labels[shownLabels(question).indexOf(given)] ?? given)
}
