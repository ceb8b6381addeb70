/** A subagent in the background that waits for a person after its parent's turn has ended. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { assistant, done, here, msg, permission, ses, session, textPart, user } from "../../../src/testing/samples.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"

it.effect("wait_for_session mentions the request of a subagent that its turn has left in the background", () =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    const child = ses("child")
    fake.sessions = [session("main"), session("child", { parentID: here })]
    fake.store(here, user(msg("a")))
    fake.store(here, { info: assistant(msg("b"), msg("a"), done()), parts: [textPart(msg("b"), "It goes on.")] })
    fake.store(child, user(msg("c"), "Build", child))
    fake.store(child, { info: assistant(msg("d"), msg("c"), {}, child), parts: [] })
    fake.statuses.set(child, { type: "busy" })
    fake.permissions = [{ ...permission("1", child), tool: { messageID: msg("d") } }]
    const { text, view } = yield* call("wait_for_session", { session_id: here })
    assert.strictEqual(view.outcome, "completed")
    assert.deepStrictEqual(
      view.waiting_for?.map(({ id, session_id }) => ({ id, session_id })),
      [{ id: "per_1", session_id: child }],
    )
    assert.include(text, "in the background is waiting")
  }).pipe(Effect.provide(toolsOverFake)),
)
