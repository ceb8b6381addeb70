/**
 * Receives the turn each time it has changed, and before each question to the person. Provided by a caller that shows the
 * agent's text and its questions itself, such as the command `send`; the progress messages then leave both out.
 */
import { Context, type Effect, Option } from "effect"
import type { Turn } from "../../opencode/turn/Turn.ts"

export const TurnWatcher = Context.Reference<Option.Option<(turn: Turn) => Effect.Effect<void>>>(
  "opencode-fleet/tools/TurnWatcher",
  { defaultValue: Option.none },
)
