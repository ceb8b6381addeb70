/** What a client that has followed a recorded turn in some way must report. */
import * as Turn from "../../src/opencode/turn/Turn.ts"

export interface Expected {
  readonly prompt: string
  readonly outcome: string
  readonly text: string
}

/** What is stored of a killed turn does not decide its outcome. */
export const verdict = (turn: Turn.Turn) => Turn.outcome(turn)?._tag ?? "interrupted"

/** The agent's text without the marks for missed text. */
export const written = (turn: Turn.Turn) => Turn.text(turn).replaceAll("[…]", "")

/**
 * The reason why a turn without an answer ended is sent once; a client that misses it (`told` is false) cannot know the
 * outcome.
 */
export const outcomeKnown = ({ messages }: Turn.StoredSession, { outcome, prompt }: Expected, told: boolean) => {
  const answered = messages.some(({ info }) => info.role === "assistant" && info.parentID === prompt)
  return answered || told ? outcome : "interrupted"
}

/** Text that was streaming when opencode was killed is stored nowhere; a client that misses it cannot know it. */
export const textKnown = ({ outcome, text }: Expected, seen: Turn.Turn) =>
  outcome === "interrupted" && text.startsWith(written(seen)) ? Turn.text(seen) : text
