/** Calls of `Turns` that run beside a test, over the fake. */
import { assert } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import {
  observeTurn,
  type TurnObserver,
  type TurnStage,
  type TurnStages,
} from "../../../src/opencode/turns/observeTurn.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { type FollowOptions, type JoinOptions, type SendOptions, Turns } from "../../../src/opencode/turns/Turns.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { pass, target } from "../../support/overFake.ts"
import { here, session } from "../../../src/testing/samples.ts"

export const promptRoute = `POST /session/${here}/prompt_async`
export const main = session("main", { agent: "build" })

interface Given extends Partial<SendOptions> {
  readonly observe?: TurnObserver
  readonly decide?: FollowOptions["decide"]
}

/** Runs a call, with an observer if there is one. The observer may take an hour to finish. */
const observed = <A, E>(
  call: (stages: TurnStages | undefined) => Effect.Effect<A, E>,
  observe: TurnObserver | undefined,
) => (observe === undefined ? call(undefined) : observeTurn(call, observe, { finishWithin: "1 hour" }))

/** A send that runs beside the test and has begun. */
export const sending = Effect.fnUntraced(function* ({ observe, ...given }: Given = {}, to = main) {
  const turns = yield* Turns
  const options = { text: "Do it", ifBusy: "wait", timeout: 300_000, ...given } as const
  const fiber = yield* Effect.forkChild(observed((stages) => turns.send(target, to, { ...options, stages }), observe))
  yield* pass(200)
  return fiber
})

export const starting = Effect.fnUntraced(function* (given: Partial<SendOptions> = {}) {
  const turns = yield* Turns
  const fiber = yield* Effect.forkChild(
    turns.start(target, main, { text: "Do it", ifBusy: "fail", timeout: 300_000, ...given }),
  )
  yield* pass(200)
  return fiber
})

/** The prompts sent so far. */
export const texts = Effect.map(FakeOpencode, ({ prompts }) => prompts.map(({ text }) => text))

/** The fake with a session, its subagent's session and another session. */
export const withMain = Effect.tap(FakeOpencode, (fake) =>
  Effect.sync(() => {
    fake.sessions = [main, session("child", { parentID: here }), session("second")]
  }),
)

export const pending = <A, E>(fiber: Fiber.Fiber<A, E>) => assert.isUndefined(fiber.pollUnsafe())

/** A follow that runs beside the test and has begun. */
export const joining = Effect.fnUntraced(function* (
  { observe, ...given }: Partial<JoinOptions> & Pick<Given, "observe"> = {},
  session = main,
) {
  const turns = yield* Turns
  const options = { timeout: 300_000, ...given }
  const fiber = yield* Effect.forkChild(
    observed((stages) => turns.follow(target, session, { ...options, stages }), observe),
  )
  yield* pass(200)
  return fiber
})

export const eachStage =
  (show: (stage: TurnStage) => Effect.Effect<void>): TurnObserver =>
  (stages) =>
    Stream.runForEach(stages, show)

/** An observer, and what it has seen: one short text per stage, without repetitions. */
export const recordingObserver = () => {
  const seen: Array<string> = []
  const observe = eachStage((stage) =>
    Effect.sync(() => {
      const shown = stage._tag === "Queued" ? `${stage.turnsAhead} ahead` : Turn.text(stage.turn)
      if (seen.length === 0 || seen.at(-1) !== shown) seen.push(shown)
    }),
  )
  return { seen, observe }
}
