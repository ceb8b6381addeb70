/**
 * What a handler may know of the call that it serves, and do with the one who called. The default does nothing, so that
 * the same Toolkit works in a program that has no MCP client at the other end.
 */
import { Context, Effect, Option, type Schema } from "effect"

/** A form that is put to the person at the client. */
export interface Question {
  readonly message: string
  /** A struct of strings, literals, numbers, booleans and arrays of literals: what MCP's forms can hold. */
  readonly form: Schema.Constraint
  /** What the handler needs to go on, if the answer comes with a call of its own; see {@link CallValues.ask}. */
  readonly state: string
}

/** What the person did. `content` is not checked. */
export type Reply =
  | { readonly action: "accept"; readonly content: unknown }
  /** Said no. */
  | { readonly action: "decline" }
  /** Closed the form without a decision. */
  | { readonly action: "cancel" }
  /** Was not asked: the client cannot, or failed to. */
  | { readonly action: "unavailable" }

export interface CallValues {
  /** Whether the caller wants to be told how the call gets on. Most clients give up after 60 s if it does not. */
  readonly wantsProgress: boolean
  /** Tells the caller how it gets on. `progress` has to increase from one call to the next. */
  readonly progress: (update: { readonly progress: number; readonly message: string }) => Effect.Effect<void>
  /** Whether the client can put a form to its person. */
  readonly canAsk: boolean
  /**
   * Puts a form to the person. With a client of the 2026-07-28 revision this never returns: the question ends the call,
   * the handler is interrupted, and the answer comes with a new call of the same tool, which finds it in `resumed`.
   */
  readonly ask: (question: Question) => Effect.Effect<Reply>
  /** The state of the question that this call answers, and the answer. Both come from the client as they are. */
  readonly resumed: Option.Option<{ readonly state: string; readonly reply: Reply }>
}

const nobody: CallValues = {
  wantsProgress: false,
  progress: () => Effect.void,
  canAsk: false,
  ask: () => Effect.succeed({ action: "unavailable" }),
  resumed: Option.none(),
}

export const Call = Context.Reference<CallValues>("opencode-fleet/tools/Call", { defaultValue: () => nobody })
