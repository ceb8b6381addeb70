/** What this program itself has just learnt is in the next answer of list_instances, long before the next refresh. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Fault from "../../../src/testing/Fault.ts"
import { event, here, permission } from "../../../src/testing/samples.ts"
import { withMain } from "../../opencode/turns/sending.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"

/** Whether a request waits, as list_instances shows it in both forms. */
const waiting = Effect.gen(function* () {
  const { text, view } = yield* call("list_instances", {})
  const shown = view.instances[0]?.waiting_for_count ?? 0
  assert.strictEqual(text.includes("waits for a person**"), shown > 0)
  return shown
})

const asks = Effect.gen(function* () {
  const fake = yield* withMain
  yield* waiting
  yield* pass(100)
  assert.strictEqual(yield* waiting, 0)
  const sending = yield* Effect.forkChild(call("send_message", { session_id: here, message: "Do it" }))
  yield* pass(500)
  beginAnswer(fake, "May I?")
  fake.permissions = [permission("1")]
  fake.emit(event.asked(permission("1")))
  return { fake, sending }
})

describe("list_instances", () => {
  it.effect("shows a request as soon as a turn waits for it, and no longer once it is decided", () =>
    Effect.gen(function* () {
      const { fake, sending } = yield* asks
      yield* pass(200)
      assert.strictEqual((yield* Fiber.join(sending)).view.outcome, "needs permission")
      assert.strictEqual(yield* waiting, 1)
      const responding = yield* Effect.forkChild(
        call("respond_permission", { session_id: here, permission_id: permission("1").id, response: "once" }),
      )
      yield* pass(200)
      assert.strictEqual(yield* waiting, 0)
      finishAnswer(fake, "Done")
      yield* pass(1000)
      assert.strictEqual((yield* Fiber.join(responding)).view.outcome, "completed")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows an instance as unreachable as soon as a call has found that out", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* call("list_sessions", {})
      fake.fail("GET /experimental/session", Fault.refused)
      fake.fail("GET /global/health", Fault.unauthorized)
      const listing = yield* Effect.forkChild(Effect.flip(call("list_sessions", {})))
      yield* pass(2000)
      yield* Fiber.join(listing)
      const { view } = yield* call("list_instances", {})
      assert.strictEqual(view.instances[0]?.health, "unauthorized")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
