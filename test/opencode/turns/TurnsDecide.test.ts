import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import type { PendingRequest, PermissionRequest } from "../../../src/opencode/requests/PendingRequest.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import type { FollowOptions } from "../../../src/opencode/turns/Turns.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import {
  aborted,
  assistant,
  event,
  failedWith,
  here,
  msg,
  permission,
  question,
  ses,
  session,
} from "../../../src/testing/samples.ts"
import { joining, pending, sending, withMain } from "./sending.ts"

const ask = (fake: FakeState, ...requests: ReadonlyArray<PermissionRequest>) => {
  fake.permissions.push(...requests)
  fake.emit(...requests.map(event.asked))
}

/** The request was settled at opencode's terminal. */
const settle = (fake: FakeState, request: PermissionRequest) => {
  fake.permissions = fake.permissions.filter(({ id }) => id !== request.id)
  fake.emit(event.replied(request))
}

/** A person who takes as long as `thinking` for each request. Records what they were asked and where they were interrupted. */
const person = (thinking: (request: PendingRequest) => Effect.Effect<boolean>) => {
  const asked: Array<string> = []
  const interrupted: Array<string> = []
  const decide: NonNullable<FollowOptions["decide"]> = (pending, turn) =>
    Effect.suspend(() => {
      asked.push(`${pending.request.id} after "${Turn.text(turn)}"`)
      return Effect.map(thinking(pending), (done) => (done ? Option.some(Effect.succeed(true)) : Option.none()))
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => void interrupted.push(pending.request.id))))
  return { asked, interrupted, decide }
}

const requests = [
  [
    "permission",
    (fake: FakeState) => ask(fake, permission("1")),
    { _tag: "needs permission", request: permission("1") },
  ],
  [
    "question",
    (fake: FakeState) => {
      fake.questions = [question("1")]
      fake.emit(event.questioned(question("1")))
    },
    { _tag: "needs answer", request: question("1") },
  ],
] as const

describe("A person", () => {
  it.effect("is asked once for each request, one after the other, and the turn continues", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { asked, decide } = person(({ request }) =>
        Effect.sync(() => {
          for (const open of fake.permissions) if (open.id === request.id) settle(fake, open)
          return true
        }).pipe(Effect.delay("1 minute")),
      )
      const fiber = yield* sending({ decide })
      beginAnswer(fake, "May I?")
      yield* pass(500)
      ask(fake, permission("1"), permission("2"))
      yield* pass(59_000)
      // The event is repeated, as after a reconnect.
      fake.emit(event.asked(permission("1")))
      yield* pass(500)
      assert.deepStrictEqual(asked, ['per_1 after "May I?"'])
      yield* pass(60_000)
      assert.deepStrictEqual(asked, ['per_1 after "May I?"', 'per_2 after "May I?"'])
      yield* pass(10_000)
      pending(fiber)
      finishAnswer(fake, "Done")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
      assert.lengthOf(asked, 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(requests)("leaves a %s open by deciding nothing", ([, open, outcome]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { asked, decide } = person(() => Effect.succeed(false))
      const fiber = yield* sending({ decide })
      open(fake)
      yield* pass(500)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).outcome, outcome)
      assert.lengthOf(asked, 1)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is asked about a subagent's request, including a subagent that started before the follow", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { asked, decide } = person(() => Effect.succeed(false))
      const sent = yield* sending({ decide })
      // The connection has settled, so the stored state is not read any more.
      yield* pass(1000)
      fake.emit(event.created(session("child", { parentID: here })))
      ask(fake, permission("1", ses("child")))
      yield* pass(500)
      const joined = yield* joining({ decide })
      for (const { outcome } of [yield* Fiber.join(sent), yield* Fiber.join(joined)]) {
        assert.deepStrictEqual(outcome, { _tag: "needs permission", request: permission("1", ses("child")) })
      }
      assert.lengthOf(asked, 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not asked about another session's request", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { asked, decide } = person(() => Effect.succeed(false))
      const fiber = yield* sending({ decide })
      ask(fake, permission("1", ses("second")))
      yield* pass(30_000)
      pending(fiber)
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is no longer asked when the request is settled at the terminal, and the turn is followed to its end", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { asked, decide, interrupted } = person(() => Effect.never)
      const fiber = yield* sending({ decide })
      ask(fake, permission("1"))
      yield* pass(10_000)
      assert.deepStrictEqual(interrupted, [])
      settle(fake, permission("1"))
      yield* pass(500)
      assert.deepStrictEqual(interrupted, ["per_1"])
      yield* pass(10_000)
      pending(fiber)
      finishAnswer(fake, "They said yes")
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "They said yes"])
      assert.lengthOf(asked, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is no longer asked when the request was settled while the connection was down", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { decide, interrupted } = person(() => Effect.never)
      const fiber = yield* sending({ decide })
      ask(fake, permission("1"))
      yield* pass(500)
      fake.cut()
      fake.permissions = []
      yield* pass(3000)
      assert.deepStrictEqual(interrupted, ["per_1"])
      pending(fiber)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is no longer asked when the turn is aborted, which leaves its request behind", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { asked, decide, interrupted } = person(() => Effect.never)
      const fiber = yield* sending({ decide })
      ask(fake, permission("1"))
      yield* pass(500)
      const prompt = fake.prompts[0]
      if (prompt === undefined) return assert.fail("nothing was sent")
      const info = assistant(msg("answer"), prompt.messageID, failedWith(aborted))
      fake.store(here, { info, parts: [] })
      fake.statuses.delete(here)
      fake.emit(event.error(aborted), event.message(info), ...event.idle())
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "aborted")
      assert.deepStrictEqual([asked.length, interrupted], [1, ["per_1"]])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is asked about a request that was open before the follow", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* sending()
      fake.permissions = [permission("1")]
      const { asked, decide } = person(() => Effect.succeed(false))
      const { outcome } = yield* Fiber.join(yield* joining({ decide }))
      assert.deepStrictEqual(outcome, { _tag: "needs permission", request: permission("1") })
      assert.lengthOf(asked, 1)
    }).pipe(Effect.provide(overFake)),
  )
})
