/** The labels of a question's options: as shown to the person, and mapped back to opencode's own. */
import type { Question } from "../../opencode/requests/PendingRequest.ts"
import { line } from "../../text/plainText.ts"

export const allowsCustomAnswer = ({ custom, options }: Question): boolean => custom !== false || options.length === 0

/** The labels, printable and unique. */
export const shownLabels = ({ options }: Question): ReadonlyArray<string> => {
  const labels = new Set<string>()
  for (const option of options) {
    const shown = line(option.label, 200)
    let label = shown
    for (let copy = 2; labels.has(label); copy++) label = `${shown} (${copy})`
    labels.add(label)
  }
  return [...labels]
}

/** Maps a label, as shown or original, to the option's original label. A custom answer stays as it is. */
export const originalLabel = (question: Question, given: string): string => {
  const labels = question.options.map(({ label }) => label)
  return labels.includes(given) ? given : (labels[shownLabels(question).indexOf(given)] ?? given)
}
