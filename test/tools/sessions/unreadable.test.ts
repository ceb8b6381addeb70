/** Items of opencode's answers that opencode-fleet does not understand are counted and said. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { here, msg, permission, session, user } from "../../../src/testing/samples.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"

const withMain = Effect.tap(FakeOpencode, (fake) =>
  Effect.sync(() => {
    fake.sessions = [session("main")]
  }),
)

/** An object of a kind that no version of opencode has sent so far. */
const unknown = { kind: "hologram" }

describe("What opencode-fleet does not understand", () => {
  it.effect("of the sessions is counted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail("GET /experimental/session", Fault.json([session("main"), unknown, unknown]))
      const { text, view } = yield* call("list_sessions", {})
      assert.deepInclude(view, { matching_count: 1, unreadable_count: 2 })
      assert.include(text, "2 sessions not understood (opencode 1.18.33)")
      assert.strictEqual(
        view.unreadable,
        text.split("\n").find((each) => each.includes("not understood")),
      )
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("of a conversation is counted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(`GET /session/${here}/message`, Fault.json([unknown]))
      const { text, view } = yield* call("get_session", { session_id: here })
      assert.deepInclude(view, { messages: [], unreadable_count: 1 })
      assert.include(text, "1 message not understood (opencode 1.18.33)")
      assert.include(text, "1 message ·")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("of the pending requests is counted", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.statuses.set(here, { type: "busy" })
      fake.fail("GET /permission", Fault.json([permission("1"), unknown]))
      const { text, view } = yield* call("get_status", {})
      assert.strictEqual(view.unreadable_count, 1)
      assert.include(text, "1 permission not understood (opencode 1.18.33)")
      assert.include(text, "Something may wait there for a person.")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is not passed over as nothing: no count of 0, no empty conversation, no idle instance", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(`GET /session/${here}/message`, Fault.json([unknown]))
      assert.notInclude((yield* call("get_session", { session_id: here })).text, "No messages yet")
      fake.fail("GET /experimental/session", Fault.json([unknown, 7, null]))
      const listed = yield* call("list_sessions", {})
      assert.include(listed.text, "3 sessions not understood")
      assert.notInclude(listed.text, "0 sessions")
      assert.notInclude(listed.text, "create_session starts one")
      const status = yield* call("get_status", {})
      assert.strictEqual(status.view.unreadable_count, 3)
      assert.include(status.view.unreadable, "may wait there for a person")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("of a message's parts is a note", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { info, parts } = user(msg("u"))
      const strange = { type: "hologram", id: "prt_9", messageID: info.id, sessionID: here }
      const hidden = { type: "step-finish", id: "prt_8", messageID: info.id, sessionID: here }
      fake.fail(`GET /session/${here}/message`, Fault.json([{ info, parts: [...parts, strange, hidden] }]))
      const { text } = yield* call("get_session", { session_id: here })
      assert.include(text, "a part that this version of opencode-fleet does not understand (hologram)")
      assert.notInclude(text, "step-finish")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("among the pending requests is said where one is decided", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.statuses.set(here, { type: "busy" })
      fake.fail("GET /permission", Fault.json([unknown]))
      const { message } = yield* Effect.flip(call("respond_permission", { session_id: here, response: "once" }))
      assert.include(message, "Something waits on fake: 1 permission not understood (opencode 1.18.33)")
      assert.include(message, "decide it in opencode")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is not mentioned if there is none", () =>
    Effect.gen(function* () {
      yield* withMain
      for (const tool of ["list_sessions", "get_status"] as const) {
        const { view } = yield* call(tool, {})
        assert.notProperty(view, "unreadable_count")
      }
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
