/** A question of an agent as it may be shown, and what is meant by what was chosen. */
import type { Question } from "../../opencode/requests/PendingRequest.ts"
import { line } from "../../text/plainText.ts"

export const takesOwnAnswer = ({ custom, options }: Question): boolean => custom !== false || options.length === 0

/** Its labels: harmless, and no two alike. */
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

/** The option's own label that a label stands for, as it is or as it was shown; an answer of one's own is what it is. */
export const labelMeant = (question: Question, given: string): string => {
  const labels = question.options.map(({ label }) => label)
  return labels.includes(given) ? given : (labels[shownLabels(question).indexOf(given)] ?? given)
}
