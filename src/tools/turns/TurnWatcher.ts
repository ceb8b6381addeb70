/**
 * Receives the turn after each change, and before each form. Provided by a caller that shows the agent's text, its tool calls
 * and its pending requests itself, such as the command `send`; progress messages then leave them out.
 */
import { Context, type Effect, Option } from "effect"
import type { Turn } from "../../opencode/turn/Turn.ts"

export const TurnWatcher = Context.Reference<Option.Option<(turn: Turn) => Effect.Effect<void>>>(
  "opencode-fleet/tools/TurnWatcher",
  { defaultValue: Option.none },
)
