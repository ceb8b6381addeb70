/**
 * Serves a Toolkit of your own as an MCP server on stdin and stdout: `node examples/toolkit.ts`.
 *
 * In a project of your own the imports come from "opencode-fleet" and "opencode-fleet/mcp".
 */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Logger, Random, Schema } from "effect"
import { Tool, Toolkit } from "effect/ai"
import { Call } from "../src/index.ts"
import { serve } from "../src/exports/mcp.ts"

// #region server
const RollDice = Tool.make("roll_dice", {
  description: "Roll dice and return what they show",
  parameters: Schema.Struct({ count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10 })) }),
  success: Schema.Struct({ rolled: Schema.Array(Schema.Int) }),
})

const Dice = Toolkit.make(RollDice)

const handlers = Dice.toLayer({
  roll_dice: Effect.fnUntraced(function* ({ count }) {
    const { progress } = yield* Call
    const rolled: Array<number> = []
    while (rolled.length < count) {
      rolled.push(yield* Random.nextIntBetween(1, 6))
      yield* progress({ progress: rolled.length, message: `Rolled ${rolled.length} of ${count}` })
    }
    return { rolled }
  }),
})

const server = { name: "dice", title: "Dice", version: "1.0.0", instructions: "Rolls dice with six sides." }

Effect.flatMap(Dice, (kit) => serve(Dice, Effect.succeed(kit), server)).pipe(
  Effect.provide(handlers),
  Effect.provideService(Logger.LogToStderr, true),
  NodeRuntime.runMain,
)
// #endregion
