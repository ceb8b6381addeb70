/** A call that has ended leaves no fiber and no connection behind, and does not affect the turn. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { countingFibers } from "../../support/livingFibers.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, makeBusy } from "../../support/play.ts"
import { event, here, msg, permission } from "../../../src/testing/samples.ts"
import { joining, pending, promptRoute, sending, starting, withMain } from "./sending.ts"

interface Phase {
  readonly name: string
  /** Prepares the fake before the call. */
  readonly given?: (fake: FakeState) => void
  readonly call: Effect.Effect<Fiber.Fiber<unknown, unknown>, never, Effect.Services<ReturnType<typeof sending>>>
  /** Brings the call to the point where it is interrupted. */
  readonly afterwards?: (fake: FakeState) => void
}

const waiting = { decide: () => Effect.never }

const byHand = msg("hand")

const goAway = (fake: FakeState) => {
  fake.fail("*", Fault.refused)
  fake.cut()
}

const phases: ReadonlyArray<Phase> = [
  {
    name: "the event stream is being connected",
    given: (fake) => fake.fail("GET /global/event", Fault.hang),
    call: sending(),
  },
  { name: "it waits for a turn that was started elsewhere", given: (fake) => makeBusy(fake), call: sending() },
  { name: "its prompt is being sent", given: (fake) => fake.fail(promptRoute, Fault.hang), call: sending() },
  {
    name: "it confirms whether the prompt arrived",
    given: (fake) => fake.fail(promptRoute, Fault.lost),
    call: sending(),
  },
  { name: "the turn runs", call: sending(), afterwards: (fake) => beginAnswer(fake, "Hel") },
  {
    name: "the stored turn is being read",
    given: (fake) => fake.fail(`GET /session/${here}/message`, Fault.hang),
    call: sending(),
  },
  {
    name: "a person decides",
    given: (fake) => (fake.permissions = [permission("1")]),
    call: sending(waiting),
    afterwards: (fake) => fake.emit(event.asked(permission("1"))),
  },
  {
    name: "the event stream is down",
    call: sending(),
    afterwards: (fake) => {
      fake.fail("GET /global/event", Fault.refused)
      fake.cut()
    },
  },
  {
    name: "the instance is away",
    call: sending(),
    afterwards: goAway,
  },
  {
    name: "a start waits for opencode to show the prompt",
    given: (fake) => (fake.onPrompt = () => undefined),
    call: starting(),
  },
  {
    name: "a start waits for the session",
    given: (fake) => makeBusy(fake),
    call: starting({ ifBusy: "wait" }),
  },
  {
    name: "a turn that was started elsewhere is followed",
    given: (fake) => fake.take({ session: here, messageID: byHand, text: "By hand" }),
    call: joining(),
  },
  {
    name: "a person decides on a turn that was started elsewhere",
    given: (fake) => {
      fake.take({ session: here, messageID: byHand, text: "By hand" })
      fake.permissions = [permission("1")]
    },
    call: joining(waiting),
  },
]

describe("A call that is interrupted", () => {
  it.effect.each(phases)("while $name leaves nothing behind", ({ afterwards, call, given }) =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* withMain
        given?.(fake)
        const before = yield* living
        const fiber = yield* call
        afterwards?.(fake)
        yield* pass(700)
        pending(fiber)
        assert.isAbove(yield* living, before)
        const prompts = fake.count(promptRoute)
        // The clock is not adjusted: the interruption waits for nothing.
        yield* Fiber.interrupt(fiber)
        // An unused event stream is kept for a minute.
        yield* pass(70_000)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 0])
        yield* pass(60_000)
        assert.deepStrictEqual([fake.count(promptRoute), fake.aborts], [prompts, []])
      }).pipe(Effect.provide(overFake)),
    ),
  )

  it.effect("while it is queued leaves nothing behind, and the turn before it continues", () =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* withMain
        const first = yield* sending()
        yield* pass(1000)
        const before = yield* living
        const second = yield* sending()
        assert.isAbove(yield* living, before)
        yield* Fiber.interrupt(second)
        yield* pass(1000)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 1])
        finishAnswer(fake, "Done")
        yield* pass(500)
        yield* Fiber.join(first)
      }).pipe(Effect.provide(overFake)),
    ),
  )

  it.effect("100 times leaves nothing behind", () =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* withMain
        const before = yield* living
        for (let time = 0; time < 100; time++) {
          const fiber = yield* sending({ ifBusy: "steer" })
          beginAnswer(fake, "Hel")
          yield* Fiber.interrupt(fiber)
        }
        yield* pass(70_000)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 0])
        assert.strictEqual(fake.count("GET /global/event"), 1)
      }).pipe(Effect.provide(overFake)),
    ),
  )
})

describe("A call that ends by itself", () => {
  const endings: ReadonlyArray<readonly [string, number, (fake: FakeState) => void]> = [
    ["with its turn", 300_000, (fake) => finishAnswer(fake, "Done")],
    ["with its timeout", 5000, () => undefined],
    ["with its instance", 300_000, goAway],
    ["with a pending request", 300_000, (fake) => void fake.permissions.push(permission("1"))],
  ]

  it.effect.each(endings)("%s leaves nothing behind", ([, timeout, end]) =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* withMain
        const before = yield* living
        const fiber = yield* sending({ timeout })
        yield* pass(1000)
        end(fake)
        yield* pass(130_000, 130)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 0])
      }).pipe(Effect.provide(overFake)),
    ),
  )
})
