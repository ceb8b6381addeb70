/** Compares what a client was told about its messages with what the fake opencodes have stored. */
import type { CallResult } from "./Client.ts"
import { answerTo, type Slot } from "./Slot.ts"

/** A message, and what the client was told about it last. */
export interface Sent {
  readonly slot: Slot
  readonly text: string
  readonly result: CallResult
}

export interface Verdict {
  /** What was told contradicts what is stored. */
  readonly lost: ReadonlyArray<string>
  /** Stored more than once. */
  readonly doubled: ReadonlyArray<string>
}

/** The message may or may not have arrived, and the client was told so. */
const isUncertain = /unknown whether|may have arrived/u

/** A message in opencode 2's inbox is stored, too. */
const timesStored = ({ fake }: Slot, text: string) => {
  const messages = [...fake.messages.values()].flat().filter(({ info }) => info.role === "user")
  const stored = messages.filter(({ parts }) => parts.some((part) => part.type === "text" && part.text === text))
  return stored.length + [...fake.inbox.values()].flat().filter((prompt) => prompt.text === text).length
}

const contradiction = ({ result: { isError, structured, text: told }, text }: Sent, stored: number) => {
  if (isError) return stored > 0 && !isUncertain.test(told) ? "an error, but the message is stored" : undefined
  if (stored === 0) return "no error, but the message is not stored"
  const { outcome, text: answer } = structured
  return outcome === "completed" && answer !== answerTo(text) ? `completed with ${JSON.stringify(answer)}` : undefined
}

export const judge = (all: ReadonlyArray<Sent>): Verdict => {
  const checked = all.map((sent) => ({ sent, stored: timesStored(sent.slot, sent.text) }))
  const name = ({ slot, text }: Sent) => `${slot.name}: ${text}`
  return {
    lost: checked.flatMap(({ sent, stored }) => {
      const found = contradiction(sent, stored)
      return found === undefined ? [] : [`${name(sent)}: ${found}: ${sent.result.text}`]
    }),
    doubled: checked.flatMap(({ sent, stored }) => (stored > 1 ? [`${name(sent)}: ${stored} times`] : [])),
  }
}

/** What can be told in a fleet whose instances come and go. */
const explained = [
  /cannot be reached/u,
  /did not answer/u,
  /is busy/u,
  isUncertain,
  /with 50[24]\b/u,
  /no instance|There is no|not (?:found|known|registered)/iu,
  /Nothing was sent/u,
  // Another of the fleet's servers got its port.
  /Another program may be listening on that port/u,
]

const explainedOutcomes = new Set<unknown>([
  "accepted",
  "completed",
  "needs permission",
  "still running",
  "unreachable",
])

/** Undefined for an answer that is explained by what happens to the fleet. */
export const unexplained = ({ isError, structured: { outcome }, text }: CallResult): string | undefined => {
  if (isError) return explained.some((pattern) => pattern.test(text)) ? undefined : text
  return outcome === undefined || explainedOutcomes.has(outcome) ? undefined : text
}
