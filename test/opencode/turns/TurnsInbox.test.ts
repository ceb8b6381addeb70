/** Messages to a busy session of a server with a queue of its own: the inbox of opencode 2. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { abortTurn } from "../../../src/opencode/turns/abortTurn.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { lost } from "../../../src/testing/Fault.ts"
import { assistant, event, here, msg, permission } from "../../../src/testing/samples.ts"
import { opencode, pass } from "../../support/overFake.ts"
import { overFake2 } from "../../support/overFake2.ts"
import { joining, main, pending, recordingObserver, sending, starting, texts, withMain } from "./sending.ts"

/** The fake, and the end of the turn of the n-th prompt. */
const scene = Effect.map(withMain, (fake) => {
  fake.credentials = undefined
  fake.onPrompt = (prompt) => {
    fake.take(prompt)
    const info = assistant(msg(`answer_to_${prompt.messageID}`), prompt.messageID)
    fake.store(here, { info, parts: [] })
    fake.emit(event.message(info))
  }
  const answer = (index: number, text: string) => {
    const prompt = fake.prompts[index]
    if (prompt === undefined) throw new Error(`there are only ${fake.prompts.length} prompts`)
    fake.complete(prompt, text)
    return pass(1000)
  }
  const inbox = () => (fake.inbox.get(here) ?? []).map(({ text }) => text)
  return { fake, answer, inbox }
})

/** A send whose prompt the fake has received. */
const posting = Effect.fnUntraced(function* (given: Parameters<typeof sending>[0] = {}) {
  const fake = yield* FakeOpencode
  const before = fake.prompts.length
  const fiber = yield* sending(given)
  yield* Effect.repeat(pass(100), { until: () => fake.prompts.length > before })
  return fiber
})

/** Lets time pass until the call has ended. */
const ended = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.repeat(pass(1000), { until: () => fiber.pollUnsafe() !== undefined }).pipe(Effect.andThen(Fiber.join(fiber)))

const interrupt = (fake: Effect.Success<typeof scene>["fake"]) => Effect.sync(() => fake.interrupt(here))

const promptRoute = `POST /api/session/${here}/prompt`

describe("A message to an idle session with an inbox", () => {
  it.effect("is behind no turn, even if opencode needs long to begin with it", () =>
    Effect.gen(function* () {
      const { answer, fake } = yield* scene
      const { onPrompt } = fake
      fake.onPrompt = (prompt) => {
        fake.statuses.set(here, { type: "busy" })
        fake.enqueue(prompt)
      }
      const { observe, seen } = recordingObserver()
      const sent = yield* posting({ text: "one", observe })
      yield* pass(5000)
      fake.onPrompt = onPrompt
      fake.deliver(here)
      yield* pass(500)
      yield* answer(0, "First")
      assert.strictEqual(Turn.text((yield* ended(sent)).turn), "First")
      assert.deepStrictEqual(
        seen.filter((text) => text !== ""),
        ["First"],
      )
    }).pipe(Effect.provide(overFake2)),
  )
})

describe("A message to a busy session with an inbox", () => {
  it.effect("is sent at once, and its caller learns its position until its turn begins", () =>
    Effect.gen(function* () {
      const { answer, inbox } = yield* scene
      const one = yield* posting({ text: "one" })
      const observers = [recordingObserver(), recordingObserver()]
      const [two, three] = yield* Effect.forEach(observers, ({ observe }, index) =>
        posting({ text: ["two", "three"][index] ?? "", observe }),
      )
      if (two === undefined || three === undefined) return assert.fail("nothing was sent")
      assert.deepStrictEqual(
        [yield* texts, inbox()],
        [
          ["one", "two", "three"],
          ["two", "three"],
        ],
      )
      yield* answer(0, "First")
      // The session stays busy, with the next message.
      assert.strictEqual(Turn.text((yield* ended(one)).turn), "First")
      yield* answer(1, "Second")
      assert.strictEqual(Turn.text((yield* ended(two)).turn), "Second")
      yield* answer(2, "Third")
      assert.strictEqual(Turn.text((yield* ended(three)).turn), "Third")
      assert.deepStrictEqual(
        observers.map(({ seen }) => seen.filter((text) => text !== "")),
        [
          ["1 ahead", "Second"],
          ["2 ahead", "1 ahead", "Third"],
        ],
      )
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect.each(["already waits", "begins to wait"])(
    "is accepted behind a turn that %s for a person, which is said at once",
    (when) =>
      Effect.gen(function* () {
        const { fake, inbox } = yield* scene
        const first = yield* posting({ text: "one", decide: () => Effect.never })
        const ask = Effect.sync(() => {
          fake.permissions = [permission("1")]
          fake.emit(event.asked(permission("1")))
        })
        if (when === "already waits") yield* ask
        const second = yield* posting({ text: "two" })
        if (when === "begins to wait") {
          yield* pass(1000)
          pending(second)
          yield* ask
        }
        yield* pass(500)
        const { outcome } = yield* Fiber.join(second)
        assert.deepInclude(outcome, { _tag: "accepted", parked: false })
        assert.include(JSON.stringify(outcome), "waiting for a person (permission for bash: rm -rf build)")
        pending(first)
        assert.deepStrictEqual(inbox(), ["two"])
      }).pipe(Effect.provide(overFake2)),
  )

  it.effect("fails immediately with `fail`, and is not sent", () =>
    Effect.gen(function* () {
      yield* scene
      yield* posting({ text: "one" })
      const refused = [yield* sending({ text: "two", ifBusy: "fail" }), yield* starting({ text: "three" })]
      for (const fiber of refused) assert.strictEqual((yield* Effect.flip(ended(fiber)))._tag, "SessionBusy")
      assert.deepStrictEqual(yield* texts, ["one"])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("waits here if it is for another agent, because selecting it would change the running turn", () =>
    Effect.gen(function* () {
      const { answer, fake } = yield* scene
      fake.agents.push({ name: "plan", mode: "primary" })
      yield* posting({ text: "one" })
      yield* sending({ text: "two", agent: "plan" })
      assert.deepStrictEqual([yield* texts, fake.selected.size], [["one"], 0])
      yield* answer(0, "First")
      assert.deepStrictEqual([yield* texts, fake.selected.get(here)], [["one", "two"], { agent: "plan" }])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect.each([
    ["after the timeout", 10_000],
    ["with async immediately", 0],
  ] as const)("is accepted %s, with what the running turn waits for", ([, timeout]) =>
    Effect.gen(function* () {
      const { fake, inbox } = yield* scene
      yield* posting({ text: "one" })
      fake.permissions = [permission("1")]
      fake.emit(event.asked(permission("1")))
      const fiber = yield* timeout === 0
        ? starting({ text: "two", ifBusy: "wait" })
        : sending({ text: "two", ifBusy: "wait", timeout })
      const { outcome } = yield* ended(fiber)
      assert.deepInclude(outcome, { _tag: "accepted", parked: false })
      assert.include("detail" in outcome ? outcome.detail : "", "rm -rf build")
      assert.deepStrictEqual(inbox(), ["two"])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("whose client is interrupted is answered all the same, and a follower of the session waits for it", () =>
    Effect.gen(function* () {
      const { answer } = yield* scene
      yield* posting({ text: "one" })
      yield* Fiber.interrupt(yield* posting({ text: "two" }))
      const following = yield* joining()
      yield* answer(0, "First")
      pending(following)
      yield* answer(1, "Second")
      const { outcome, turn } = yield* ended(following)
      assert.deepStrictEqual([outcome, Turn.text(turn)], [{ _tag: "completed" }, "Second"])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("is parked when the turn before it is stopped; sending it again with its id starts it", () =>
    Effect.gen(function* () {
      const { answer, fake, inbox } = yield* scene
      const one = yield* posting({ text: "one" })
      const two = yield* posting({ text: "two" })
      yield* interrupt(fake)
      assert.strictEqual((yield* ended(one)).outcome._tag, "aborted")
      const { outcome, turn } = yield* ended(two)
      assert.deepInclude(outcome, { _tag: "accepted", parked: true })
      assert.deepStrictEqual(inbox(), ["two"])
      const again = yield* sending({ text: "two", messageID: turn.prompt })
      yield* Effect.repeat(pass(100), { until: () => inbox().length === 0 })
      yield* answer(1, "Second")
      assert.strictEqual(Turn.text((yield* ended(again)).turn), "Second")
      assert.deepStrictEqual(yield* texts, ["one", "two"])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("that was taken out of the inbox elsewhere is told as such", () =>
    Effect.gen(function* () {
      const { fake } = yield* scene
      yield* posting({ text: "one" })
      const two = yield* posting({ text: "two" })
      fake.cancel(here, fake.prompts[1]?.messageID ?? msg("none"))
      const { outcome } = yield* ended(two)
      assert.strictEqual(outcome._tag, "interrupted")
      assert.include("detail" in outcome ? outcome.detail : "", "taken out")
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect.each([
    ["deleted", "the session was deleted"],
    ["on a server that was replaced", "the session is gone: it was deleted, or another opencode has the port now"],
  ] as const)("in a session that is %s tells what is known about it", ([what, detail]) =>
    Effect.gen(function* () {
      const { fake } = yield* scene
      yield* posting({ text: "one" })
      const two = yield* posting({ text: "two" })
      fake.sessions = []
      if (what === "deleted") fake.emit({ type: "session.deleted", properties: { info: main } })
      else fake.cut()
      assert.deepStrictEqual((yield* ended(two)).outcome, { _tag: "interrupted", detail })
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("is withdrawn if opencode fails to start it", () =>
    Effect.gen(function* () {
      const { fake, inbox } = yield* scene
      fake.onPrompt = (prompt) => {
        fake.enqueue(prompt)
        fake.emit(event.error({ kind: "failed", message: 'Agent not found: "nope"' }), ...event.idle(here))
      }
      const fiber = yield* sending()
      assert.deepStrictEqual((yield* ended(fiber)).outcome, {
        _tag: "failed",
        detail: 'Agent not found: "nope"',
      })
      assert.deepStrictEqual(inbox(), [])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("that steers waits in the inbox if the running turn is stopped", () =>
    Effect.gen(function* () {
      const { fake } = yield* scene
      yield* posting({ text: "one" })
      const two = yield* posting({ text: "two", ifBusy: "steer" })
      yield* abortTurn(yield* opencode, main).pipe(Effect.forkChild)
      assert.deepInclude((yield* ended(two)).outcome, { _tag: "accepted", parked: true })
      assert.strictEqual(fake.inbox.get(here)?.length, 1)
    }).pipe(Effect.provide(overFake2)),
  )
})

describe("A message whose request breaks", () => {
  it.effect("is posted again with its id as long as that helps, and runs once", () =>
    Effect.gen(function* () {
      const { answer, fake } = yield* scene
      fake.fail(promptRoute, lost, 3)
      const fiber = yield* posting({ text: "once" })
      assert.deepStrictEqual(yield* texts, ["once"])
      yield* answer(0, "Once")
      assert.strictEqual((yield* ended(fiber)).outcome._tag, "completed")
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("is interrupted if opencode was killed before it began: it is stored, and never answered", () =>
    Effect.gen(function* () {
      const { fake } = yield* scene
      fake.onPrompt = (prompt) => {
        fake.take(prompt)
        fake.statuses.delete(here)
      }
      const fiber = yield* posting({ text: "once" })
      yield* pass(500)
      fake.cut()
      const { outcome } = yield* ended(fiber)
      assert.strictEqual(outcome._tag, "interrupted")
      assert.include("detail" in outcome ? outcome.detail : "", "opencode was killed or restarted")
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("is uncertain if opencode does not come back", () =>
    Effect.gen(function* () {
      const { fake } = yield* scene
      fake.fail(promptRoute, lost)
      const fiber = yield* sending()
      assert.strictEqual((yield* Effect.flip(ended(fiber)))._tag, "EffectUncertain")
    }).pipe(Effect.provide(overFake2)),
  )
})
