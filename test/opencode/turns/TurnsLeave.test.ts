/** Nothing is left of a call that has ended: no fiber, no connection, and no effect on the remote turn. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { FakeState } from "../../support/FakeState.ts"
import * as Fault from "../../support/Fault.ts"
import { countingFibers } from "../../support/livingFibers.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, makeBusy } from "../../support/play.ts"
import { event, here, msg, permission } from "../../support/samples.ts"
import { joining, pending, promptRoute, sending, starting, withMain } from "./sending.ts"

interface Phase {
  readonly name: string
  /** What is there before the call. */
  readonly given?: (fake: FakeState) => void
  readonly call: Effect.Effect<Fiber.Fiber<unknown, unknown>, never, Effect.Services<ReturnType<typeof sending>>>
  /** Brings the call from its begin to where it is to be interrupted. */
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
    name: "the connection to the events comes about",
    given: (fake) => fake.fail("GET /global/event", Fault.hang),
    call: sending(),
  },
  { name: "it waits for a turn that was begun elsewhere", given: (fake) => makeBusy(fake), call: sending() },
  { name: "its prompt is on its way", given: (fake) => fake.fail(promptRoute, Fault.hang), call: sending() },
  {
    name: "it is found out whether the prompt arrived",
    given: (fake) => fake.fail(promptRoute, Fault.lost),
    call: sending(),
  },
  { name: "the turn runs", call: sending(), afterwards: (fake) => beginAnswer(fake, "Hel") },
  {
    name: "what is stored is read",
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
    name: "the connection to the events is away",
    call: sending(),
    afterwards: (fake) => {
      fake.fail("GET /global/event", Fault.refused)
      fake.cut()
    },
  },
  {
    name: "the instance is away altogether",
    call: sending(),
    afterwards: goAway,
  },
  { name: "a start waits for a sign", given: (fake) => (fake.onPrompt = () => undefined), call: starting() },
  {
    name: "a start waits for the session",
    given: (fake) => makeBusy(fake),
    call: starting({ ifBusy: "wait" }),
  },
  {
    name: "somebody else's turn is followed",
    given: (fake) => fake.take({ session: here, messageID: byHand, text: "By hand" }),
    call: joining(),
  },
  {
    name: "a person decides on somebody else's turn",
    given: (fake) => {
      fake.take({ session: here, messageID: byHand, text: "By hand" })
      fake.permissions = [permission("1")]
    },
    call: joining(waiting),
  },
]

describe("A call that is interrupted", () => {
  it.effect.each(phases)("while $name leaves nothing behind, at once", ({ afterwards, call, given }) =>
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
        // The clock stands still: the waiting ends without waiting for anything.
        yield* Fiber.interrupt(fiber)
        // The connection is kept for half a second, for whoever comes next.
        yield* pass(1000)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 0])
        yield* pass(60_000)
        assert.deepStrictEqual([fake.count(promptRoute), fake.aborts], [prompts, []])
      }).pipe(Effect.provide(overFake)),
    ),
  )

  it.effect("while it stands in the queue leaves nothing behind, and the one before it runs on", () =>
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

  it.effect("a hundred times leaves nothing behind", () =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* withMain
        const before = yield* living
        for (let time = 0; time < 100; time++) {
          const fiber = yield* sending({ ifBusy: "steer" })
          beginAnswer(fake, "Hel")
          yield* Fiber.interrupt(fiber)
        }
        yield* pass(1000)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 0])
        assert.strictEqual(fake.count("GET /global/event"), 1)
      }).pipe(Effect.provide(overFake)),
    ),
  )
})

describe("A call that ends by itself", () => {
  const endings: ReadonlyArray<readonly [string, number, (fake: FakeState) => void]> = [
    ["with its turn", 300_000, (fake) => finishAnswer(fake, "Done")],
    ["with its patience", 5000, () => undefined],
    ["with its instance", 300_000, goAway],
    ["with what a person has to decide", 300_000, (fake) => void fake.permissions.push(permission("1"))],
  ]

  it.effect.each(endings)("%s leaves nothing behind", ([, patience, end]) =>
    countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* withMain
        const before = yield* living
        const fiber = yield* sending({ patience })
        yield* pass(1000)
        end(fake)
        yield* pass(65_000, 65)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual([yield* living, fake.connections.size], [before, 0])
      }).pipe(Effect.provide(overFake)),
    ),
  )
})
