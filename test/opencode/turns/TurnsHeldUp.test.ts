/** What a caller passes in holds up neither the outcome, nor the timeout, nor an interruption. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { makeTurnStages, observeTurn, type TurnObserver } from "../../../src/opencode/turns/observeTurn.ts"
import { Turns } from "../../../src/opencode/turns/Turns.ts"
import { Call } from "../../../src/mcp/Call.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"
import { overFake, pass, target } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import { event, here, msg, permission } from "../../../src/testing/samples.ts"
import { joining, main, sending, withMain } from "./sending.ts"

/** Never returns and cannot be interrupted. */
const stuck = Effect.uninterruptible(Effect.never)

const sendOptions = { text: "Do it", ifBusy: "wait", timeout: 5000 } as const

const observing = Effect.fnUntraced(function* (observer: TurnObserver, timeout = 300_000) {
  const turns = yield* Turns
  const fiber = yield* Effect.forkChild(
    observeTurn((stages) => turns.send(target, main, { ...sendOptions, timeout, stages }), observer),
  )
  yield* pass(200)
  return fiber
})

const observers: ReadonlyArray<readonly [string, TurnObserver]> = [
  ["hangs", () => Effect.never],
  ["cannot be interrupted", () => stuck],
  ["hangs in the first stage", (stages) => Stream.runForEach(stages, () => stuck)],
]

const throwing = () => {
  throw new Error("broken")
}

const failingObservers: ReadonlyArray<readonly [string, TurnObserver]> = [
  ["dies", () => Effect.die("broken")],
  ["throws", throwing],
  ["interrupts itself", () => Effect.interrupt],
]

const outcomeOf = <E>(fiber: Fiber.Fiber<{ readonly outcome: { readonly _tag: string } }, E>) => {
  assert.isDefined(fiber.pollUnsafe())
  return Effect.map(Fiber.join(fiber), ({ outcome }) => outcome._tag)
}

describe("An observer that hangs", () => {
  it.effect.each(observers)("(it %s) delays the outcome by at most 8 s", ([, observer]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* observing(observer)
      finishAnswer(fake, "Done")
      yield* pass(9000)
      assert.strictEqual(yield* outcomeOf(fiber), "completed")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(observers)("(it %s) does not extend the timeout by more than that", ([, observer]) =>
    Effect.gen(function* () {
      yield* withMain
      const fiber = yield* observing(observer, 5000)
      yield* pass(14_000)
      assert.strictEqual(yield* outcomeOf(fiber), "still running")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(observers)("(it %s) does not delay an interruption", ([, observer]) =>
    Effect.gen(function* () {
      yield* withMain
      const fiber = yield* observing(observer)
      // The clock is not adjusted.
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("delays nothing in `Turns` itself: stages that are never read", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const turns = yield* Turns
      const stages = yield* makeTurnStages()
      const fiber = yield* Effect.forkChild(turns.send(target, main, { ...sendOptions, stages }))
      yield* pass(200)
      beginAnswer(fake, "Hel")
      finishAnswer(fake, "Hello")
      yield* pass(200)
      assert.strictEqual(yield* outcomeOf(fiber), "completed")
      // The newest stage is still there for a late reader, and the stream ends.
      const left = yield* Stream.runCollect(stages.changes)
      assert.lengthOf(left, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(failingObservers)("that fails (it %s) does not fail the turn", ([, observer]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* observing(observer)
      finishAnswer(fake, "Done")
      yield* pass(500)
      assert.strictEqual(yield* outcomeOf(fiber), "completed")
    }).pipe(Effect.provide(overFake)),
  )
})

const decisions = [
  ["decide", { decide: () => stuck }],
  ["sending a decision", { decide: () => Effect.succeedSome(stuck) }],
  ["first", { first: stuck }],
] as const

describe("A decision that cannot be interrupted", () => {
  it.effect.each(decisions)("(%s) ends with the timeout", ([, given]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take({ session: here, messageID: msg("hand"), text: "By hand" })
      fake.permissions = [permission("1")]
      const fiber = yield* joining({ timeout: 5000, ...given })
      yield* pass(8000)
      assert.strictEqual(yield* outcomeOf(fiber), "needs permission")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(decisions)("(%s) does not delay an interruption", ([, given]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take({ session: here, messageID: msg("hand"), text: "By hand" })
      fake.permissions = [permission("1")]
      const fiber = yield* joining(given)
      // The clock is not adjusted.
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is withdrawn when the request is settled elsewhere, and the turn is followed to its end", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending({ decide: () => stuck })
      fake.permissions = [permission("1")]
      fake.emit(event.asked(permission("1")))
      yield* pass(1000)
      fake.permissions = []
      fake.emit(event.replied(permission("1")))
      finishAnswer(fake, "Done")
      yield* pass(1000)
      assert.strictEqual(yield* outcomeOf(fiber), "completed")
    }).pipe(Effect.provide(overFake)),
  )
})

const defects = [
  ["decide dies", () => Effect.die("broken")],
  ["decide throws", throwing],
  ["decide interrupts itself", () => Effect.interrupt],
  ["sending dies", () => Effect.succeedSome(Effect.die("broken"))],
] as const

describe("A defect in a decision", () => {
  it.effect.each(defects)("(%s) decides nothing, and the turn is reported", ([, decide]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending({ decide })
      fake.permissions = [permission("1")]
      fake.emit(event.asked(permission("1")))
      yield* pass(1000)
      assert.strictEqual(yield* outcomeOf(fiber), "needs permission")
    }).pipe(Effect.provide(overFake)),
  )
})

describe("A client that does not take progress", () => {
  it.effect("gets its result", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* call("send_message", { session_id: here, message: "Do it" }).pipe(
        Effect.provideService(Call, {
          wantsProgress: true,
          progress: () => stuck,
          canAsk: false,
          ask: () => Effect.succeed({ action: "unavailable" }),
          resumed: Option.none(),
        }),
        Effect.forkChild,
      )
      yield* pass(500)
      beginAnswer(fake, "Hel")
      yield* pass(500)
      finishAnswer(fake, "Hello")
      yield* pass(9000)
      assert.isDefined(fiber.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "completed")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
