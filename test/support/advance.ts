/** Folds opencode 1's events into a turn, as `InstanceEvents` and `followTurn` do it together. */
import * as Turn from "../../src/opencode/turn/Turn.ts"
import { translateEvent } from "../../src/opencode/v1/translateEvent.ts"
import type { WireEvent } from "../../src/opencode/v1/wire/WireEvent.ts"

export const advance = (turn: Turn.Turn, event: WireEvent): Turn.Turn => Turn.advance(turn, translateEvent(event))
