/**
 * Refusals of permissions and questions, with what opencode 2 does not store about them.
 *
 * A refusal without a reason interrupts the turn: after opencode's own rejection, a restarted service would resume it.
 * The stored state then looks like an abort, so the refused steps are remembered: here for the events of this process, and in
 * the metadata of the session for other ones.
 *
 * After a refusal with a reason the turn continues, but opencode does not pass the reason on. It is sent as a user message
 * that steers the turn, with a mark in its metadata, so that it does not count as a prompt.
 */
import { Option, Schema } from "effect"
import type { MessageId } from "../Identifiers.ts"

/** The steps whose tool calls were refused from this process. */
export interface RefusedSteps {
  readonly add: (step: MessageId) => void
  readonly has: (step: MessageId) => boolean
}

/** What is known about refused steps. */
export type RefusedStep = Pick<RefusedSteps, "has">

const maxRefusedSteps = 1000

export const makeRefusedSteps = (): RefusedSteps => {
  const steps = new Set<MessageId>()
  return {
    add: (step) => {
      steps.add(step)
      const [oldest] = steps
      if (steps.size > maxRefusedSteps && oldest !== undefined) steps.delete(oldest)
    },
    has: (step) => steps.has(step),
  }
}

const ReasonMark = Schema.Struct({ "opencode-fleet": Schema.Struct({ rejectedCall: Schema.String }) })

/** The metadata of a message with the reason why a tool call was refused. */
export const reasonMark = (call: string): typeof ReasonMark.Type => ({ "opencode-fleet": { rejectedCall: call } })

const decodeMark = Schema.decodeUnknownOption(ReasonMark)

/** The tool call whose refusal the message explains; undefined for any other message. */
export const rejectedCall = (metadata: unknown): string | undefined =>
  Option.match(decodeMark(metadata), {
    onNone: () => undefined,
    onSome: (mark) => mark["opencode-fleet"].rejectedCall,
  })

/** The error of a tool call that was refused with a reason. */
export const withReason = (error: string, reason: string) => `${error} (the user rejected it: ${reason})`

/** opencode's error of a tool call that was refused in another client. */
const refusedTexts = new Set(["The user declined this tool call", "The user dismissed this question"])

export const isRefusal = (error: string) => refusedTexts.has(error)

/** The error of a tool call that was refused from this process. */
export const refusalText = "The user rejected this tool call"
