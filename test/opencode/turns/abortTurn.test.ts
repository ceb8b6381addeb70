import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { abortTurn } from "../../../src/opencode/turns/abortTurn.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { opencode, overFake, pass, whilePassing } from "../../support/overFake.ts"
import { makeBusy, makeIdle } from "../../support/play.ts"
import {
  aborted,
  assistant,
  done,
  failedWith,
  here,
  msg,
  permission,
  question,
  ses,
  session,
  user,
} from "../../../src/testing/samples.ts"
import { main, pending, withMain } from "./sending.ts"

const abort = Effect.flatMap(opencode, (api) => abortTurn(api, main))

const prompt = msg("u")
const answer = msg("v")

const write = (fake: FakeState, given: Parameters<typeof assistant>[2]) =>
  fake.store(here, { info: assistant(answer, prompt, given), parts: [] })

/** A turn in which the agent is writing. */
const running = Effect.tap(withMain, (fake) =>
  Effect.sync(() => {
    fake.store(here, user(prompt))
    write(fake, {})
    makeBusy(fake)
  }),
)

/** The request of a turn that begins as soon as the abort is done. */
const next = { ...permission("2"), tool: { messageID: msg("x") } }

const beginsNext = (fake: FakeState) =>
  fake.fail(`POST /session/${here}/abort`, (abort) =>
    Effect.tap(abort, () =>
      Effect.sync(() => {
        write(fake, failedWith(aborted))
        fake.store(here, user(msg("w")))
        fake.store(here, { info: assistant(msg("x"), msg("w")), parts: [] })
        makeBusy(fake)
        fake.permissions.push(next)
      }),
    ),
  )

describe("abortTurn", () => {
  it.effect("tells of a turn that another server of the same user is running", () =>
    Effect.gen(function* () {
      yield* withMain
      const api = yield* opencode
      const other = { ...api, runningElsewhere: () => Effect.succeed(new Map([[main.id, { until: 1 }]])) }
      assert.deepInclude(yield* whilePassing(0, abortTurn(other, main)), {
        wasRunning: false,
        elsewhere: { until: 1 },
      })
      assert.notProperty(yield* whilePassing(0, abortTurn(api, main)), "elsewhere")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("waits until the message is final, which is later than the idle status", () =>
    Effect.gen(function* () {
      const fake = yield* running
      const fiber = yield* Effect.forkChild(abort)
      yield* pass(1000)
      assert.deepStrictEqual(fake.aborts, [here])
      pending(fiber)
      write(fake, failedWith(aborted))
      yield* pass(500)
      assert.deepStrictEqual(yield* Fiber.join(fiber), { wasRunning: true, final: true, cleared: 0 })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports when the message does not become final", () =>
    Effect.gen(function* () {
      yield* running
      assert.deepInclude(yield* whilePassing(5000, abort), { wasRunning: true, final: false })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports when the turn goes on nevertheless", () =>
    Effect.gen(function* () {
      const fake = yield* running
      write(fake, done("tool-calls"))
      // An opencode that does not run the turn accepts the abort and does nothing.
      fake.fail(`POST /session/${here}/abort`, Fault.json(true))
      assert.deepInclude(yield* whilePassing(5000, abort), { wasRunning: true, final: false })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports that nothing was running in an idle session, even if its last message was never completed", () =>
    Effect.gen(function* () {
      const fake = yield* running
      makeIdle(fake)
      assert.deepStrictEqual(yield* abort, { wasRunning: false, final: true, cleared: 0 })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports what the server itself says about whether something was running", () =>
    Effect.gen(function* () {
      const fake = yield* running
      makeIdle(fake)
      write(fake, done())
      const api = yield* opencode
      const says = { ...api, abort: () => Effect.succeed({ wasRunning: true }) }
      assert.deepInclude(yield* abortTurn(says, main), { wasRunning: true, final: true })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("stops the turn of a message that has just arrived, before the status shows it", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.store(here, user(prompt))
      const fiber = yield* Effect.forkChild(abort)
      yield* pass(1000)
      assert.deepStrictEqual(fake.aborts, [])
      makeBusy(fake)
      write(fake, {})
      yield* pass(500)
      assert.deepStrictEqual(fake.aborts, [here])
      write(fake, failedWith(aborted))
      yield* pass(500)
      assert.deepInclude(yield* Fiber.join(fiber), { wasRunning: true, final: true })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not wait forever for a message that is never answered", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.store(here, user(prompt))
      assert.deepInclude(yield* whilePassing(5000, abort), { wasRunning: false })
      assert.deepStrictEqual(fake.aborts, [here])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("dismisses the requests that it leaves behind, including its subagents', and no others", () =>
    Effect.gen(function* () {
      const fake = yield* running
      write(fake, done("tool-calls"))
      const tool = { messageID: answer }
      fake.sessions.push(session("grandchild", { parentID: ses("child") }))
      fake.permissions = [
        { ...permission("1"), tool },
        permission("2", ses("child")),
        permission("3", ses("grandchild")),
        permission("4", ses("second")),
      ]
      fake.questions = [question("1", ses("child")), question("2", ses("second"))]
      assert.deepStrictEqual(yield* abort, { wasRunning: true, final: true, cleared: 4 })
      assert.deepStrictEqual(fake.permissions, [permission("4", ses("second"))])
      assert.deepStrictEqual(fake.questions, [question("2", ses("second"))])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("dismisses the requests that an earlier abort has left behind in an idle session", () =>
    Effect.gen(function* () {
      const fake = yield* running
      write(fake, failedWith(aborted))
      makeIdle(fake)
      fake.permissions = [{ ...permission("1"), tool: { messageID: answer } }]
      assert.deepStrictEqual(yield* abort, { wasRunning: false, final: true, cleared: 1 })
      assert.deepStrictEqual(fake.permissions, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("keeps the requests of a turn that has started since", () =>
    Effect.gen(function* () {
      const fake = yield* running
      fake.questions = [question("1")]
      beginsNext(fake)
      assert.deepInclude(yield* whilePassing(5000, abort), { wasRunning: true, cleared: 1 })
      assert.deepStrictEqual([fake.permissions, fake.questions], [[next], []])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("leaves a permission behind if rejecting it would reject the next turn's, too", () =>
    Effect.gen(function* () {
      const fake = yield* running
      fake.permissions = [permission("1")]
      beginsNext(fake)
      assert.deepInclude(yield* whilePassing(5000, abort), { wasRunning: true, cleared: 0 })
      assert.deepStrictEqual(fake.permissions, [permission("1"), next])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("accepts that the first rejection settles both permissions of a session", () =>
    Effect.gen(function* () {
      const fake = yield* running
      write(fake, done("tool-calls"))
      fake.permissions = [permission("1"), permission("2")]
      assert.deepStrictEqual(yield* abort, { wasRunning: true, final: true, cleared: 2 })
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "reject" }])
    }).pipe(Effect.provide(overFake)),
  )
})
