import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { errorText } from "../../../src/tools/shared/errorText.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, storeAnswer } from "../../support/play.ts"
import { event, here, permission, ses, session } from "../../../src/testing/samples.ts"
import { pending, promptRoute, sending, withMain } from "./sending.ts"

describe("Turns and a connection that breaks", () => {
  it.effect("a prompt that was stored and never acknowledged is followed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, Fault.hangAfterwards)
      const fiber = yield* sending()
      yield* pass(11_000)
      finishAnswer(fake, "All the same")
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "completed")
      assert.strictEqual(Turn.text(turn), "All the same")
      assert.strictEqual(fake.count(promptRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["hangs", Fault.hang],
    ["breaks", Fault.lost],
  ] as const)("a prompt that %s and is not stored is an error that says so, and is never sent twice", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, fault)
      const fiber = yield* sending()
      yield* pass(30_000)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert(error._tag === "EffectUncertain")
      assert.include(errorText(error), "Before you send it again")
      assert.strictEqual(fake.count(promptRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a prompt that was refused certainly did not arrive", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, Fault.refused)
      const error = yield* Effect.flip(Fiber.join(yield* sending()))
      assert.isTrue(error._tag === "InstanceUnreachable" && !error.mayHaveArrived)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a turn that ended while the stream was broken is reported after the reconnect", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      yield* pass(200)
      fake.fail("GET /global/event", Fault.refused)
      fake.cut()
      yield* pass(200)
      storeAnswer(fake, "Hello")
      yield* pass(5000)
      pending(fiber)
      fake.heal()
      yield* pass(12_000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), "Hello")
      assert.strictEqual(fake.prompts.length, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a turn that goes on after the reconnect is followed to its end", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      fake.cut()
      yield* pass(3000)
      pending(fiber)
      finishAnswer(fake, "Hello")
      yield* pass(500)
      assert.strictEqual(Turn.text((yield* Fiber.join(fiber)).turn), "Hello")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a subagent's permission request from the gap is found", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      fake.cut()
      fake.permissions = [permission("1", ses("child"))]
      yield* pass(3000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "needs permission")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("an instance that was restarted during the turn leaves it interrupted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      fake.cut()
      fake.statuses.clear()
      yield* pass(8000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "interrupted")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("an instance is unreachable after 30 s without contact, and not before", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      yield* pass(200)
      fake.fail("*", Fault.refused)
      fake.cut()
      yield* pass(28_000)
      pending(fiber)
      yield* pass(4000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "unreachable")
      assert.strictEqual(Turn.text(turn), "Hel[…]")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a turn is followed to its end by what is stored while no event stream can be had", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      yield* pass(200)
      fake.fail("GET /event", Fault.refused)
      fake.cut()
      yield* pass(45_000)
      pending(fiber)
      finishAnswer(fake, "Hello")
      yield* pass(20_000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "completed")
      assert.strictEqual(Turn.text(turn), "Hello")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("an instance that does not answer at first after a restart is given time", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      fake.fail("GET /session/*", Fault.refused)
      fake.cut()
      yield* pass(5000)
      pending(fiber)
      storeAnswer(fake, "Hello")
      fake.heal()
      yield* pass(3000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a timeout before the prompt is acknowledged does not claim that it arrived", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, Fault.hang)
      const fiber = yield* sending({ timeout: 5000 })
      yield* pass(8000)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "EffectUncertain")
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("the request of a subagent that started while the stream was down is noticed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Working")
      yield* pass(500)
      fake.cut()
      yield* pass(3000)
      fake.permissions = [permission("2", ses("child"))]
      fake.emit(event.updated(session("child", { parentID: here })))
      fake.emit(event.asked(permission("2", ses("child"))))
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "needs permission")
    }).pipe(Effect.provide(overFake)),
  )
})
