/** An instance that answers incorrectly during a turn: what was done before must not look as if it had not been done. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SessionClaims } from "../../../src/machine/SessionClaims.ts"
import { settle } from "../../../src/opencode/requests/decision.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"
import { turnView } from "../../../src/tools/turns/turnView.ts"
import { opencode, overFake, pass, target } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import { event, here, msg, permission } from "../../../src/testing/samples.ts"
import { joining, main, pending, promptRoute, sending, starting, withMain } from "./sending.ts"

const byHand = { session: here, messageID: msg("hand"), text: "By hand" }
const replyRoute = `POST /permission/${permission("1").id}/reply`

/** A turn that was started elsewhere and waits for a permission. */
const waiting = Effect.tap(withMain, (fake) =>
  Effect.sync(() => {
    fake.take(byHand)
    fake.permissions = [permission("1")]
  }),
)

describe("A start whose read fails after the prompt was sent", () => {
  it.effect.each(["Settled", "Reconnected"] as const)("after %s reports `still running`, not a failure", (notice) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = () => fake.fail("GET /session/*", Fault.refused)
      const fiber = yield* starting()
      if (notice === "Reconnected") fake.cut()
      yield* pass(3000)
      assert.isAbove(fake.count("GET /session/status"), 1)
      yield* pass(3000)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).outcome, { _tag: "still running" })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not taken for a refused prompt, which would be sent again", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      // A read is tried three times; the next one is answered.
      fake.onPrompt = () => fake.fail("GET /session/status", Fault.refused, 3)
      const fiber = yield* Effect.forkChild(call("send_message", { session_id: here, message: "Do it", async: true }))
      yield* pass(8000)
      assert.lengthOf(fake.prompts, 1)
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "accepted")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

const claimed = Effect.provideService(SessionClaims, {
  claim: () => Effect.succeed({ release: Effect.void, abandoned: undefined }),
  problem: Effect.undefined,
})

describe("A send whose instance hangs after it has shown the message", () => {
  it.effect("reports `still running` at its timeout, not that the message may not have arrived", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.onPrompt = (prompt) => {
        fake.take(prompt)
        fake.fail("*", Fault.hang)
      }
      const fiber = yield* sending({ timeout: 5000 })
      yield* pass(10_000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "still running")
    }).pipe(Effect.provide(Layer.fresh(overFake)), claimed),
  )
})

describe("The `first` effect of a follow", () => {
  it.effect("runs once, and a failing read after it is an outcome", () =>
    Effect.gen(function* () {
      const fake = yield* waiting
      let times = 0
      const first = Effect.sync(() => {
        times++
        fake.fail("*", Fault.refused)
      })
      const fiber = yield* joining({ first })
      yield* pass(25_000)
      pending(fiber)
      yield* pass(10_000)
      const { outcome } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "unreachable")
      assert.strictEqual(times, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is reported by respond_permission as decided, even if the turn's end is unknown", () =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.fail(replyRoute, (answer) =>
        Effect.tap(answer, () => Effect.sync(() => fake.fail("GET /session/*", Fault.refused))),
      )
      const parameters = { session_id: here, response: "once" } as const
      const fiber = yield* Effect.forkChild(call("respond_permission", parameters))
      yield* pass(40_000)
      const { text, view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "unreachable")
      assert.deepStrictEqual(view.decided, ["allowed once: permission for bash: rm -rf build"])
      assert.notInclude(text, "Nothing was sent")
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

/** Sends a decision to an instance that takes it and never answers. */
const stalling = Effect.map(opencode, (api) =>
  Effect.asVoid(settle(api, main, { kind: "permission", request: permission("1"), reply: { reply: "once" } })),
)

const decisionRoutes = [
  ["sent first", (carry: Effect.Success<typeof stalling>) => ({ first: carry })],
  [
    "decided on the route",
    (carry: Effect.Success<typeof stalling>) => ({
      decide: () => Effect.succeedSome(Effect.as(carry, true)),
    }),
  ],
] as const

describe("A decision whose request hangs", () => {
  it.effect.each(decisionRoutes)("(%s) ends with the timeout", ([, route]) =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.fail(replyRoute, Fault.hang)
      const fiber = yield* joining({ timeout: 5000, ...route(yield* stalling) })
      yield* pass(4000)
      assert.strictEqual(fake.count(replyRoute), 1)
      pending(fiber)
      yield* pass(3800)
      assert.isDefined(fiber.pollUnsafe())
      const { outcome } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "needs permission", request: permission("1") })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(decisionRoutes)("(%s) can be interrupted immediately", ([, route]) =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.fail(replyRoute, Fault.hang)
      const fiber = yield* joining(route(yield* stalling))
      assert.strictEqual(fake.count(replyRoute), 1)
      // The clock is not adjusted.
      yield* Fiber.interrupt(fiber)
      yield* pass(60_000)
      assert.strictEqual(fake.count(replyRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )
})

describe("During a turn, an instance", () => {
  it.effect("that comes back and refuses the credentials is unreachable immediately, with the next step", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      yield* pass(500)
      fake.fail("GET /global/event", Fault.unauthorized)
      fake.cut()
      yield* pass(2000)
      assert.isDefined(fiber.pollUnsafe())
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert(outcome._tag === "unreachable")
      assert.include(turnView(target, { turn, outcome }).next, "OPENCODE_SERVER_PASSWORD")
      assert.strictEqual(Turn.text(turn), "Hel[…]")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("whose proxy answers 503 for a while is still followed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      yield* pass(500)
      fake.fail("GET /session/*", Fault.proxyPage(503))
      fake.cut()
      yield* pass(5000)
      pending(fiber)
      fake.heal()
      yield* pass(2000)
      finishAnswer(fake, "Hello")
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "Hello"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("whose port another opencode takes over says so, instead of calling the session deleted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* Effect.forkChild(call("send_message", { session_id: here, message: "Do it" }))
      yield* pass(500)
      beginAnswer(fake, "Working")
      yield* pass(500)
      fake.sessions = []
      fake.directory = "/work/other"
      fake.cut()
      yield* pass(5000)
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "interrupted")
      assert.include(view.detail, 'another opencode has the port now, which works in "/work/other"')
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("whose session is deleted withdraws the question and keeps the agent's text", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      let takenBack = 0
      const decide = () => Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => takenBack++)))
      const fiber = yield* sending({ decide })
      beginAnswer(fake, "May I?")
      fake.permissions = [permission("1")]
      fake.emit(event.asked(permission("1")))
      yield* pass(1000)
      pending(fiber)
      fake.sessions = fake.sessions.filter(({ id }) => id !== here)
      fake.emit({ type: "session.deleted", properties: { info: main } })
      yield* pass(1000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "interrupted", detail: "the session was deleted" })
      assert.strictEqual(Turn.text(turn), "May I?")
      assert.strictEqual(takenBack, 1)
    }).pipe(Effect.provide(overFake)),
  )
})

describe("A proxy's error page as the answer to the prompt", () => {
  it.effect("does not repeat a prompt that opencode has: its turn is followed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, Fault.afterwards(Fault.proxyPage(502)))
      const fiber = yield* sending()
      yield* pass(1000)
      finishAnswer(fake, "All the same")
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "All the same"])
      assert.strictEqual(fake.count(promptRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("leaves it uncertain whether a prompt that opencode does not show has arrived", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, Fault.proxyPage(502))
      const fiber = yield* sending()
      yield* pass(5000)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "EffectUncertain")
      assert.strictEqual(fake.count(promptRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )
})
