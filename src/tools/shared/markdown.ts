/** Puts untrusted text into Markdown: it cannot leave its block or code span, and every cut is marked. */
import { plainLine, plainText } from "../../text/plainText.ts"

/** Longer runs of backticks are broken up, because a fence must be longer than any run in its text. */
const maxBackticks = 16

const breakRuns = (text: string) => text.replaceAll("`".repeat(maxBackticks), (run) => `${run} `)

/** One backtick more than the longest run in the text. */
const fenceFor = (text: string) => "`".repeat(1 + Math.max(0, ...[...text.matchAll(/`+/gu)].map(([run]) => run.length)))

/** A fenced block. The text cannot close it, because the fence is longer than any run of backticks in the text. */
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

/** How many of the newest items fit into `budget` characters; at least one. */
export const newestWithin = <A>(items: ReadonlyArray<A>, length: (item: A) => number, budget: number): number => {
  let used = 0
  const overflow = items.toReversed().findIndex((item) => (used += length(item)) > budget)
  return overflow === -1 ? items.length : Math.max(1, overflow)
}

/** Joins the paragraphs of an answer; empty ones are left out. */
export const paragraphs = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("\n\n")
