/** Tools that ask the person at the client. */
import { Console, Deferred, Effect, Option, Schema, Semaphore } from "effect"
import { Tool, Toolkit } from "effect/ai"
import { Call } from "../../src/mcp/Call.ts"

const form = Schema.Struct({
  colour: Schema.Literals(["red", "green"]).annotate({ title: "Colour" }),
  reason: Schema.optionalKey(Schema.String.annotate({ description: "Why" })),
  also: Schema.optionalKey(Schema.Array(Schema.Literals(["blue", "gold"])).annotate({ title: "Also" })),
})

/** The replies so far, which the client carries from one call to the next. */
const Replies = Schema.fromJsonString(Schema.Array(Schema.Unknown))

export const Ask = Tool.make("ask", {
  description: "Asks the given number of times while holding a lock, and returns the replies",
  parameters: Schema.Struct({ times: Schema.Int }),
  success: Schema.Struct({
    canAsk: Schema.Boolean,
    replies: Schema.Array(Schema.Unknown),
    state: Schema.optionalKey(Schema.String),
  }),
})

export const AskOrGoOn = Tool.make("ask_or_go_on", {
  description: "Asks, and stops waiting when go_on is called",
  success: Schema.Struct({ by: Schema.String }),
})

export const GoOn = Tool.make("go_on", { description: "Ends ask_or_go_on", success: Schema.Struct({}) })

export const AskingToys = Toolkit.make(Ask, AskOrGoOn, GoOn)

const lock = Semaphore.makeUnsafe(1)
const goOn = Deferred.makeUnsafe<void>()

export const layer = AskingToys.toLayer({
  ask: Effect.fnUntraced(
    function* ({ times }) {
      const { ask, canAsk, resumed } = yield* Call
      const state = Option.map(resumed, ({ state }) => state)
      const replies = [
        ...Option.getOrElse(Option.flatMap(state, Schema.decodeOption(Replies)), () => []),
        ...Option.toArray(Option.map(resumed, ({ reply }) => reply)),
      ]
      while (replies.length < times) {
        const state = yield* Effect.orDie(Schema.encodeEffect(Replies)(replies))
        replies.push(yield* ask({ message: `Colour ${replies.length + 1}?`, form, state }))
      }
      return { canAsk, replies, ...Option.match(state, { onNone: () => ({}), onSome: (state) => ({ state }) }) }
    },
    Effect.onInterrupt(() => Console.error("stopped asking")),
    // Releasing takes a moment: a call that arrives before the lock is free finds it taken.
    Effect.ensuring(Effect.sleep("20 millis")),
    lock.withPermitsIfAvailable(1),
    Effect.flatMap(Effect.fromOption),
    Effect.orDie,
  ),
  ask_or_go_on: () =>
    Effect.gen(function* () {
      const { ask } = yield* Call
      return yield* ask({ message: "Go on?", form, state: "" }).pipe(
        Effect.as({ by: "the person" }),
        Effect.raceFirst(Effect.as(Deferred.await(goOn), { by: "go_on" })),
      )
    }),
  go_on: () => Effect.as(Deferred.succeed(goOn, undefined), {}),
})
