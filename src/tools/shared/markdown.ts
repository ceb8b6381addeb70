/** Text of others inside our Markdown: it cannot end the block that it stands in, and says where it was cut. */
import { plainLine, plainText } from "../../text/plainText.ts"
import { truncateStart } from "../../text/truncate.ts"

/** About what an answer may have in all: more is more than a model wants to read at once. */
export const answerBudget = 25_000

/** No text needs more backticks in a row. Without a bound, a text of nothing else would need a fence of its own length. */
const mostBackticks = 16

const breakRuns = (text: string) => text.replaceAll("`".repeat(mostBackticks), (run) => `${run} `)

/** One backtick more than the text has in a row. */
const fenceFor = (text: string) => "`".repeat(1 + Math.max(0, ...[...text.matchAll(/`+/gu)].map(([run]) => run.length)))

/** A block that the text cannot close, for its fence is longer than any in the text. */
export const block = (text: string): string => {
  const plain = breakRuns(plainText(text))
  const fence = fenceFor(plain).padStart(3, "`")
  return `${fence}\n${plain}\n${fence}`
}

/** One line as a code span. */
export const code = (text: string): string => {
  const plain = breakRuns(plainLine(text))
  if (plain === "") return "(empty)"
  const fence = fenceFor(plain)
  const padding = plain.startsWith("`") || plain.endsWith("`") ? " " : ""
  return `${fence}${padding}${plain}${padding}${fence}`
}

/** How many of the newest items fit into `budget` characters; one always does. */
export const newestWithin = <A>(items: ReadonlyArray<A>, length: (item: A) => number, budget: number): number => {
  let used = 0
  const overflow = items.toReversed().findIndex((item) => (used += length(item)) > budget)
  return overflow === -1 ? items.length : Math.max(1, overflow)
}

/** The end, with what was left out counted: of a long answer the last part is the one that counts. */
export const clipStart = (text: string, length: number): string => {
  if (text.length <= length) return text
  const kept = truncateStart(text, length)
  return `[${(text.length - kept.length).toLocaleString("en")} characters before this] …${kept}`
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** Paragraphs of an answer; empty ones are left out. */
export const paragraphs = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("\n\n")
