import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { Turns } from "../../../src/opencode/turns/Turns.ts"
import { overFake, pass, target } from "../../support/overFake.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { event, here, permission, question, ses, session } from "../../../src/testing/samples.ts"
import { main, pending, recordingObserver, sending, starting, texts, withMain } from "./sending.ts"

describe("Turns and a busy session", () => {
  it.effect("`wait` sends when the other turn has ended, and not before", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const fiber = yield* sending()
      yield* pass(20_000)
      assert.deepStrictEqual(fake.prompts, [])
      makeIdle(fake)
      yield* pass(200)
      assert.strictEqual(fake.prompts.length, 1)
      finishAnswer(fake, "Now")
      yield* pass(200)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`wait` notices the end of the other turn without an event, too", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      yield* sending()
      fake.statuses.delete(here)
      yield* pass(6000)
      assert.strictEqual(fake.prompts.length, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["lost", Fault.lost],
    ["refused", Fault.refused],
  ] as const)("`wait` says that nothing was sent when its instance is %s", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const fiber = yield* sending()
      fake.fail("*", fault)
      yield* pass(20_000)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "InstanceUnreachable")
      assert.include(error.message, "The message was not sent.")
      assert.notInclude(error.message, "may have arrived")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`wait` fails with SessionBusy after the timeout, and says that nothing was sent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      fake.permissions = [permission("1")]
      const fiber = yield* sending({ timeout: 10_000 })
      yield* pass(11_000)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "SessionBusy")
      assert.include(error.message, "not sent")
      assert.include(error.message, "rm -rf build")
      makeIdle(fake)
      yield* pass(10_000)
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(["fail", "wait"] as const)("`%s` does not call a session busy because opencode is slow", (ifBusy) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail("GET /session/status", Fault.hang)
      const fiber = yield* sending({ ifBusy, timeout: 2000 })
      yield* pass(5000)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "SendTimeout")
      assert.include(error.message, "The message was not sent.")
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`fail` fails immediately and sends nothing", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const { observe, seen } = recordingObserver()
      const error = yield* Effect.flip(Fiber.join(yield* sending({ ifBusy: "fail", observe })))
      assert.strictEqual(error._tag, "SessionBusy")
      assert.include(error.message, "The message was not sent")
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["already waits", permission("1")],
    ["already waits", question("1")],
    ["begins to wait", permission("1")],
    ["begins to wait", question("1")],
  ] as const)("`wait` ends at once behind a turn that %s for a person: %j", ([when, request]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const ask = Effect.sync(() => {
        if ("questions" in request) fake.questions = [request]
        else fake.permissions = [request]
        fake.emit("questions" in request ? event.questioned(request) : event.asked(request))
      })
      if (when === "already waits") yield* ask
      const [one, two] = [yield* sending({ text: "one" }), yield* sending({ text: "two" })]
      if (when === "begins to wait") {
        pending(one)
        pending(two)
        yield* ask
      }
      yield* pass(100)
      for (const fiber of [one, two]) {
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert(error._tag === "SessionBusy")
        assert.deepInclude(error.waitingFor, { id: request.id })
      }
      yield* pass(10_000)
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`wait` ends at once behind a call of this process whose turn begins to wait, and that call goes on", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ text: "first", decide: () => Effect.never })
      const second = yield* sending({ text: "second" })
      fake.permissions = [permission("1")]
      fake.emit(event.asked(permission("1")))
      yield* pass(200)
      assert.strictEqual((yield* Effect.flip(Fiber.join(second)))._tag, "SessionBusy")
      pending(first)
      fake.permissions = []
      fake.emit(event.replied(permission("1")))
      finishAnswer(fake, "Done")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(first)).outcome._tag, "completed")
      const third = yield* sending({ text: "third" })
      yield* pass(500)
      finishAnswer(fake, "Third")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(third)).outcome._tag, "completed")
      assert.deepStrictEqual(yield* texts, ["first", "third"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`wait` waits on behind a session whose subagents of other sessions ask", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const fiber = yield* sending()
      const foreign = permission("1", ses("other"))
      fake.permissions = [foreign]
      fake.emit(event.asked(foreign))
      yield* pass(10_000)
      pending(fiber)
      makeIdle(fake)
      yield* pass(500)
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`fail` fails immediately if the turn belongs to this process, too", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* sending({ text: "first" })
      const second = yield* sending({ text: "second", ifBusy: "fail" })
      assert.strictEqual((yield* Effect.flip(Fiber.join(second)))._tag, "SessionBusy")
      const third = yield* starting({ text: "third" })
      assert.strictEqual((yield* Effect.flip(Fiber.join(third)))._tag, "SessionBusy")
      assert.strictEqual(fake.prompts.length, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`steer` hands the message to the running turn immediately", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ text: "first" })
      const steered = yield* sending({ text: "second", ifBusy: "steer" })
      assert.deepStrictEqual(yield* texts, ["first", "second"])
      finishAnswer(fake, "To the second")
      yield* pass(200)
      assert.strictEqual(Turn.text((yield* Fiber.join(steered)).turn), "To the second")
      yield* pass(8000)
      const { outcome, turn } = yield* Fiber.join(first)
      assert.strictEqual(outcome._tag, "completed")
      assert.strictEqual(turn.lineage.overtaken, fake.prompts[1]?.messageID)
      assert.strictEqual(Turn.text(turn), "To the second")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("two sends at the same instant run one after the other", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const turns = yield* Turns
      // For a moment after a prompt opencode reports the session as idle, so its status alone would let both pass.
      fake.onPrompt = () => undefined
      const options = { ifBusy: "wait", timeout: 60_000 } as const
      const both = yield* Effect.all(
        [turns.send(target, main, { ...options, text: "one" }), turns.send(target, main, { ...options, text: "two" })],
        { concurrency: "unbounded" },
      ).pipe(Effect.forkChild)
      yield* pass(500)
      assert.deepStrictEqual(yield* texts, ["one"])
      finishAnswer(fake, "Answer to one")
      yield* pass(500)
      assert.deepStrictEqual(yield* texts, ["one", "two"])
      finishAnswer(fake, "Answer to two")
      yield* pass(500)
      const reports = yield* Fiber.join(both)
      assert.deepStrictEqual(
        reports.map(({ turn }) => Turn.text(turn)),
        ["Answer to one", "Answer to two"],
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("two sessions do not wait for each other, and share one event stream", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* sending({ text: "here" })
      yield* sending({ text: "there" }, session("second"))
      assert.deepStrictEqual(yield* texts, ["here", "there"])
      assert.strictEqual(fake.count("GET /global/event"), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a message whose send was interrupted while it waited is never sent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* sending({ text: "first" })
      const second = yield* sending({ text: "second" })
      yield* Fiber.interrupt(second)
      finishAnswer(fake, "Done")
      yield* pass(10_000)
      yield* Fiber.join(first)
      assert.deepStrictEqual(yield* texts, ["first"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("`steer` reports a request that the running turn is waiting for already", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      fake.permissions = [permission("1")]
      const fiber = yield* sending({ ifBusy: "steer" })
      yield* pass(1000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "needs permission")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a start that waits gives up after the timeout, and its prompt is never sent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const fiber = yield* starting({ ifBusy: "wait", timeout: 50_000 })
      yield* pass(51_000)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "SessionBusy")
      makeIdle(fake)
      yield* pass(10_000)
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(overFake)),
  )
})
