/**
 * Refusals of permissions and questions, as far as opencode 2 does not keep what they mean.
 *
 * A refusal without a reason interrupts the turn: after opencode's own rejection, a restarted service would go on with it.
 * What is stored then looks like an abort, so the steps that were refused from here are remembered.
 *
 * A refusal with a reason lets the turn go on, but opencode tells the reason to nobody. It is sent as a message of the
 * person that steers the turn, with a mark in its metadata, so that it does not count as a prompt of its own.
 */
import { Option, Schema } from "effect"
import type { MessageId } from "../Identifiers.ts"

/** The steps whose tool calls were refused from this process. */
export interface RefusedSteps {
  readonly add: (step: MessageId) => void
  readonly has: (step: MessageId) => boolean
}

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

/** The tool call that the message gives the reason for; undefined for every other message. */
export const rejectedCall = (metadata: unknown): string | undefined =>
  Option.match(decodeMark(metadata), {
    onNone: () => undefined,
    onSome: (mark) => mark["opencode-fleet"].rejectedCall,
  })

/** The error of a tool call that was refused with a reason. */
export const withReason = (error: string, reason: string) => `${error} (the user rejected it: ${reason})`

/** What opencode stores as the error of a tool call that a person refused in another client. */
const refusedTexts = new Set(["The user declined this tool call", "The user dismissed this question"])

export const isRefusal = (error: string) => refusedTexts.has(error)

/** The error of a tool call that was refused from this process. */
export const refusalText = "The user rejected this tool call"
