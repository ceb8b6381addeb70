/** The progress messages of a whole turn, and their timing. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { makeProgressReporter } from "../../../src/tools/turns/turnProgress.ts"
import { main, pending, sending, withMain } from "../../opencode/turns/sending.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { event, here, msg, permission, textPart } from "../../../src/testing/samples.ts"

/** Advances time in steps fine enough to know the time of each notification. */
const passFinely = (milliseconds: number) => pass(milliseconds, milliseconds / 50)

/** A caller with the notifications it received and their times. `delay` is the duration of each notification. */
const makeCaller = Effect.fnUntraced(function* (delay = 0) {
  const notifications: Array<{ readonly progress: number; readonly message: string; readonly at: number }> = []
  const { observe } = yield* makeProgressReporter({
    wantsProgress: true,
    progress: (update) =>
      Effect.map(Clock.currentTimeMillis, (at) => void notifications.push({ ...update, at })).pipe(Effect.delay(delay)),
  })
  return { notifications, observe }
})

const caller = makeCaller()

type Notifications = Effect.Success<typeof caller>["notifications"]

const counted = (notifications: Notifications) =>
  assert.deepStrictEqual(
    notifications.map(({ progress }) => progress),
    notifications.map((_, index) => index + 1),
  )

/** The longest time without a notification since the start of the call. */
const longestSilence = (notifications: Notifications, until: number) => {
  const times = [0, ...notifications.map(({ at }) => at), until]
  return Math.max(...times.map((at, index) => at - (times[index - 1] ?? at)))
}

describe("The progress of a whole turn", () => {
  it.effect(
    "arrives at most twenty times a second, regardless of the agent's speed, and ends with the newest text",
    () =>
      Effect.gen(function* () {
        const fake = yield* withMain
        const { observe, notifications } = yield* caller
        const fiber = yield* sending({ observe })
        beginAnswer(fake, "")
        const part = textPart(msg(`answer_${fake.prompts[0]?.messageID.slice(4)}`), "")
        let written = ""
        for (let piece = 0; piece < 400; piece++) {
          const delta = ` ${piece}${["\n", "é", "👩‍👧", ""][piece % 4]}`
          written += delta
          fake.emit(event.delta(part, delta))
          yield* pass(10, 1)
        }
        // The end arrives together with the last text.
        written += " The end."
        finishAnswer(fake, written)
        yield* pass(500)
        yield* Fiber.join(fiber)
        assert.match(notifications.at(-1)?.message ?? "", /^… .* 399 The end\.$/u)
        counted(notifications)
        assert.isAbove(notifications.length, 30)
        // Except for the last one, which arrives with the answer.
        notifications
          .slice(20, -1)
          .forEach(({ at }, index) => assert.isAtLeast(at - (notifications[index]?.at ?? 0), 1000))
      }).pipe(Effect.provide(overFake)),
  )

  it.effect("holds the newest text for a slow client", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { observe, notifications } = yield* makeCaller(3000)
      const fiber = yield* sending({ observe })
      beginAnswer(fake, "Once upon")
      yield* pass(1000)
      // The end arrives while the beginning is still being sent.
      assert.deepStrictEqual(notifications, [])
      finishAnswer(fake, "Once upon a time")
      yield* pass(10_000)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        notifications.map(({ message }) => message),
        ["Once upon", "Once upon a time"],
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports the position in the queue whenever it changes", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { observe, notifications } = yield* caller
      yield* sending({ text: "one" })
      yield* sending({ text: "two" })
      const fiber = yield* sending({ observe, text: "three" })
      yield* pass(2000)
      for (const _ of ["one", "two"]) {
        finishAnswer(fake, "Done")
        yield* pass(2000)
      }
      finishAnswer(fake, "Third")
      yield* pass(500)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        notifications.map(({ message }) => message),
        [
          "The session is busy. Your message is sent after 2 other turns.",
          "The session is busy. Your message is sent when its current turn ends.",
          "Third",
        ],
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports each provider attempt once, with the reason and the time of the retry", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { observe, notifications } = yield* caller
      yield* sending({ observe })
      for (const attempt of [1, 2]) {
        const status = { type: "retry", attempt, message: "overloaded", next: attempt * 20_000 } as const
        fake.statuses.set(here, status)
        fake.emit(event.status(status))
        yield* passFinely(10_000)
        fake.statuses.set(here, { type: "busy" })
        fake.emit(event.busy())
      }
      assert.deepStrictEqual(
        notifications.map(({ message }) => message.replace(/ Retrying in \d+ s, at /u, " ")),
        [
          "The provider failed (attempt 1): overloaded. 1970-01-01T00:00:20.000Z.",
          "The provider failed (attempt 2): overloaded. 1970-01-01T00:00:40.000Z.",
        ],
      )
    }).pipe(Effect.provide(overFake)),
  )

  const phases: ReadonlyArray<readonly [string, (fake: FakeState) => void]> = [
    ["is queued after a turn that was started elsewhere", (fake) => makeBusy(fake)],
    ["is running without output", () => undefined],
    [
      "waits for a person",
      (fake) => {
        const { onPrompt } = fake
        fake.onPrompt = (prompt) => {
          onPrompt(prompt)
          fake.permissions = [permission("1")]
          fake.emit(event.asked(permission("1")))
        }
      },
    ],
    [
      "waits for the provider",
      (fake) => {
        const { onPrompt } = fake
        fake.onPrompt = (prompt) => {
          onPrompt(prompt)
          const status = { type: "retry", attempt: 1, message: "overloaded", next: 3_600_000 } as const
          fake.statuses.set(here, status)
          fake.emit(event.status(status))
        }
      },
    ],
  ]

  it.effect.each(phases)("sends a heartbeat every 15 s while the turn %s", ([, given]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      given(fake)
      const { observe, notifications } = yield* caller
      yield* sending({ observe, decide: () => Effect.never })
      yield* passFinely(100_000)
      counted(notifications)
      const now = yield* Clock.currentTimeMillis
      assert.isAtMost(longestSilence(notifications, now), 15_100)
      // And no other message.
      assert.isAtMost(notifications.length, 8)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("sends a heartbeat while the instance is unreachable", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { observe, notifications } = yield* caller
      const fiber = yield* sending({ observe })
      fake.fail("*", Fault.refused)
      fake.cut()
      yield* passFinely(29_000)
      pending(fiber)
      assert.isAtMost(longestSilence(notifications, yield* Clock.currentTimeMillis), 15_100)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("has no longer gap between phases", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      const { observe, notifications } = yield* caller
      const fiber = yield* sending({ observe })
      yield* passFinely(14_000)
      makeIdle(fake)
      yield* passFinely(14_000)
      assert.strictEqual(fake.prompts[0]?.session, main.id)
      beginAnswer(fake, "Hel")
      yield* passFinely(14_000)
      finishAnswer(fake, "Hello")
      yield* passFinely(200)
      yield* Fiber.join(fiber)
      counted(notifications)
      assert.isAtMost(longestSilence(notifications, 42_400), 15_100)
      assert.deepStrictEqual(
        notifications.slice(-2).map(({ message }) => message),
        ["Hel", "Hello"],
      )
    }).pipe(Effect.provide(overFake)),
  )
})
