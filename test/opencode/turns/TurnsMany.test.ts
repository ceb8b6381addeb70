import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { observeTurn } from "../../../src/opencode/turns/observeTurn.ts"
import { Turns } from "../../../src/opencode/turns/Turns.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { FakeFleet, fakeOpencodesLayer } from "../../../src/testing/FakeFleet.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import type { Target } from "../../../src/opencode/Target.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import type { StoredPrompt } from "../../../src/testing/FakeState.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import { session } from "../../../src/testing/samples.ts"
import { eachStage, main, recordingObserver, pending, promptRoute, sending, withMain } from "./sending.ts"

const each = 10

/** The agent's text contains the prompt, so that a mix-up shows. */
const beginning = ({ text }: StoredPrompt) => `Begin ${text}`
const whole = (prompt: StoredPrompt) => `${beginning(prompt)}, end.`

/** A turn in each of ten sessions of the instance, with what its observer has seen. */
interface Member {
  readonly target: Target
  readonly fake: FakeState
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `fake-${index}`)

const membersOf = (count: number) =>
  Effect.map(FakeFleet, ({ at, target }) =>
    names(count).map((name): Member => ({ fake: at(name), target: target(name) })),
  )

const tenTurns = Effect.fnUntraced(function* ({ fake, target }: Member) {
  const turns = yield* Turns
  const sessions = Array.from({ length: each }, (_, index) => session(`number${index}`))
  fake.sessions = sessions
  return yield* Effect.forEach(
    sessions,
    Effect.fnUntraced(function* (to) {
      const text = `${target.instance} ${to.id}`
      const { observe, seen } = recordingObserver()
      const options = { text, ifBusy: "wait", timeout: 300_000 } as const
      const call = observeTurn((stages) => turns.send(target, to, { ...options, stages }), observe)
      return { text, seen, fiber: yield* Effect.forkChild(call) }
    }),
  )
})

describe("Many concurrent turns", () => {
  it.effect("100 turns on 10 instances each report to their own caller, over one event stream per instance", () =>
    Effect.gen(function* () {
      const members = yield* membersOf(10)
      const calls = (yield* Effect.forEach(members, tenTurns)).flat()
      yield* pass(200)
      for (const { fake } of members) assert.lengthOf(fake.prompts, each)
      for (const { fake } of members) for (const prompt of fake.prompts) beginAnswer(fake, beginning(prompt), prompt)
      yield* pass(500)
      // In reverse, so that no turn has the same index as its caller by chance.
      for (const { fake } of members) {
        for (const prompt of fake.prompts.slice(1).toReversed()) finishAnswer(fake, whole(prompt), prompt)
      }
      yield* pass(500)
      for (const { fake } of members) {
        assert.strictEqual(fake.connections.size, 1)
        for (const prompt of fake.prompts.slice(0, 1)) finishAnswer(fake, whole(prompt), prompt)
      }
      yield* pass(500)
      const reports = yield* Effect.forEach(calls, ({ fiber }) => Fiber.join(fiber))
      reports.forEach(({ outcome, turn }, index) => {
        const { seen = [], text = "" } = calls[index] ?? {}
        assert.deepStrictEqual(
          { outcome, text: Turn.text(turn), written: seen.filter((shown) => shown.startsWith("Begin")) },
          {
            outcome: { _tag: "completed" },
            text: `Begin ${text}, end.`,
            written: [`Begin ${text}`, `Begin ${text}, end.`],
          },
        )
      })
      yield* pass(70_000)
      for (const { fake } of members) {
        const routes = fake.requests.map(({ route }) => route)
        assert.strictEqual(fake.count("GET /global/event"), 1)
        assert.isBelow(
          routes.indexOf("GET /global/event"),
          routes.findIndex((route) => route.includes("prompt_async")),
        )
        assert.strictEqual(fake.connections.size, 0)
      }
    }).pipe(Effect.provide(fakeOpencodesLayer(...names(10)))),
  )

  it.effect("a slow observer delays no other turn and sees all of its own", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const texts: Array<string> = []
      const observe = eachStage((stage) =>
        Effect.sync(() => texts.push(stage._tag === "Following" ? Turn.text(stage.turn) : "")).pipe(
          Effect.andThen(Effect.sleep("1 minute")),
        ),
      )
      const slow = yield* sending({ text: "slow", observe })
      const quick = yield* sending({ text: "quick" }, session("second"))
      const [slowPrompt, quickPrompt] = fake.prompts
      finishAnswer(fake, "Slow", slowPrompt)
      finishAnswer(fake, "Quick", quickPrompt)
      yield* pass(500)
      pending(slow)
      assert.strictEqual(Turn.text((yield* Fiber.join(quick)).turn), "Quick")
      yield* pass(150_000)
      assert.strictEqual(Turn.text((yield* Fiber.join(slow)).turn), "Slow")
      assert.strictEqual(texts.at(-1), "Slow")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("an instance that does not answer delays no other", () =>
    Effect.gen(function* () {
      const [dead, alive] = yield* membersOf(2)
      if (dead === undefined || alive === undefined) return assert.fail("two instances")
      dead.fake.fail("*", Fault.hang)
      const turns = yield* Turns
      const options = { text: "Do it", ifBusy: "wait", timeout: 300_000 } as const
      for (const { fake } of [dead, alive]) fake.sessions = [main]
      const waiting = yield* Effect.forkChild(turns.send(dead.target, main, options))
      const going = yield* Effect.forkChild(turns.send(alive.target, main, options))
      yield* pass(200)
      finishAnswer(alive.fake, "Done")
      yield* pass(200)
      assert.strictEqual((yield* Fiber.join(going)).outcome._tag, "completed")
      pending(waiting)
      assert.strictEqual(dead.fake.count(promptRoute), 0)
    }).pipe(Effect.provide(fakeOpencodesLayer(...names(2)))),
  )
})
