/**
 * The current tool call: progress to the caller, and forms for the person at the client.
 *
 * The default, for programs without an MCP client, drops progress and shows no forms. The same Toolkit therefore works in
 * any program.
 */
import { Context, type Duration, Effect, Option, type Schema } from "effect"

/** A form for the person at the client. */
export interface ElicitationRequest {
  readonly message: string
  /** A struct of strings, literals, numbers, booleans and arrays of literals: all that an MCP form can hold. */
  readonly form: Schema.Constraint
  /** The handler's state for continuing when the reply arrives in a later call; see {@link CallValues.ask}. */
  readonly state: string
  /**
   * Names the question, the same after a restart, for a client that follows the call as a task: it shows a question of one
   * name once. Default: a new name.
   */
  readonly name?: string | undefined
}

/** The person's reply. `content` has not been checked against the form. */
export type ElicitationReply =
  | { readonly action: "accept"; readonly content: unknown }
  /** No decision: clients without a person decline every form by themselves, so this is no refusal. */
  | { readonly action: "decline" }
  /** The person closed the form without a decision. */
  | { readonly action: "cancel" }
  /** No reply: the client cannot show forms, or failed to, which `detail` explains. */
  | { readonly action: "unavailable"; readonly detail?: string }
  /** The person refused to answer. Only a form of the caller's own, such as that of `send`, can tell; MCP cannot. */
  | { readonly action: "refuse" }

/** A call that goes on as a task (see `mcp/tasks/`) if it takes long: its client asks for the outcome from time to time. */
export interface TaskCall {
  /**
   * Sets what a later process needs to continue the call. It becomes part of the task's id if it is short and printable, and
   * arrives as `resumed` of the call that continues it. `undefined`: nothing can continue it. The task begins after the first
   * checkpoint or question, and keeps the newest checkpoint until then.
   */
  readonly checkpoint: (state: string | undefined) => Effect.Effect<void>
}

export interface CallValues {
  /** Whether the caller receives progress. Most clients time out after 60 seconds without it. */
  readonly wantsProgress: boolean
  /** The caller may time out if there is no answer within this time. Undefined: it waits as long as the call takes. */
  readonly answerWithin?: Duration.Duration | undefined
  /** Set if the call can become a task. Then no timeout of the client ends it, and `ask` returns the reply. */
  readonly task?: TaskCall | undefined
  /**
   * Completes when the client has had no connection for a minute, so that it may never come back. Undefined if the loss of its
   * connection ends the call.
   */
  readonly clientGone?: Effect.Effect<void> | undefined
  /** Completes when the call has to end without its result: its client has left, or the server is being stopped. */
  readonly unheard?: Effect.Effect<void> | undefined
  /** Sends one progress notification. `progress` must increase with each one. */
  readonly progress: (update: { readonly progress: number; readonly message: string }) => Effect.Effect<void>
  /** Whether the client can show a form to a person. */
  readonly canAsk: boolean
  /** False if the caller may not decide for a person, neither in a form nor in advance: over HTTP, its token says so. */
  readonly mayDecide?: boolean
  /**
   * Shows a form to the person and waits for the reply. With a client of revision 2026-07-28 this never returns: the
   * form ends the call, the handler is interrupted, and the reply arrives as `resumed` of a new call of the same tool.
   */
  readonly ask: (request: ElicitationRequest) => Effect.Effect<ElicitationReply>
  /** A reply to a form of an earlier call, with that form's state. The client may have changed both. */
  readonly resumed: Option.Option<{ readonly state: string; readonly reply: ElicitationReply }>
}

const withoutClient: CallValues = {
  wantsProgress: false,
  progress: () => Effect.void,
  canAsk: false,
  ask: () => Effect.succeed({ action: "unavailable" }),
  resumed: Option.none(),
}

/** Annotation of a tool whose calls may take long, and call `checkpoint`. */
export const LongRunning = Context.Reference<boolean>("opencode-fleet/mcp/LongRunning", { defaultValue: () => false })

export const Call = Context.Reference<CallValues>("opencode-fleet/mcp/Call", { defaultValue: () => withoutClient })
