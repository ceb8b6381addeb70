/**
 * What a handler may know of the call that it serves. The default does nothing, so that the same Toolkit works in a
 * program that has no MCP client at the other end.
 */
import { Context, Effect } from "effect"

export interface CallValues {
  /** Whether the caller wants to be told how the call gets on. Most clients give up after 60 s if it does not. */
  readonly wantsProgress: boolean
  /** Tells the caller how it gets on. `progress` has to increase from one call to the next. */
  readonly progress: (update: { readonly progress: number; readonly message: string }) => Effect.Effect<void>
}

export const Call = Context.Reference<CallValues>("opencode-fleet/tools/Call", {
  defaultValue: () => ({ wantsProgress: false, progress: () => Effect.void }),
})
