/** An agent that calls several tools at once may wait for several decisions at once. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { GetSession } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect, FleetClient, type Form } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const message = "both: echo one-$((40 + 1)) ; echo two-$((40 + 2))"

/** A session whose agent waits for both commands. */
const waiting = Effect.fnUntraced(function* (title: string) {
  const client = yield* FleetClient
  const opencode = yield* RealOpencode
  const session_id = (yield* facts.createSession(opencode, title)).id
  const asked = yield* client.call(SendMessage, { session_id, message })
  assert.strictEqual(asked.outcome, "needs permission")
  const open = facts.pending(opencode, "permission", session_id)
  const [first = "", second = ""] = yield* open.pipe(eventually((ids) => ids.length === 2))
  return { client, session_id, open, first, second }
})

layer(FleetClient.layer({ permission: "ask" }), { excludeTestServices: true })("two permissions at once", (it) => {
  it.effect("are distinguished, and decided one by one", () =>
    Effect.gen(function* () {
      const { client, first, open, second, session_id } = yield* waiting("One by one")
      const unclear = yield* Effect.flip(client.call(RespondPermission, { session_id, response: "once" }))
      for (const part of [first, second, "one-", "two-"]) assert.include(unclear.text, part)
      assert.deepStrictEqual(yield* open, [first, second])
      const half = yield* client.call(RespondPermission, { session_id, permission_id: second, response: "once" })
      assert.strictEqual(half.outcome, "needs permission")
      assert.deepStrictEqual(
        half.waiting_for?.map(({ id }) => id),
        [first],
      )
      const turn = yield* client.call(RespondPermission, { session_id, response: "once" })
      assert.strictEqual(turn.outcome, "completed")
      assert.deepStrictEqual(
        turn.tools.map(({ state }) => state),
        ["completed", "completed"],
      )
    }),
  )

  it.effect("are both rejected with the first one", () =>
    Effect.gen(function* () {
      const { client, first, open, session_id } = yield* waiting("Both rejected")
      const turn = yield* client.call(RespondPermission, { session_id, permission_id: first, response: "reject" })
      assert.strictEqual(turn.outcome, "rejected")
      assert.deepStrictEqual(
        turn.tools.map(({ state }) => state),
        ["error", "error"],
      )
      assert.deepStrictEqual(yield* open, [])
    }),
  )

  it.effect("are shown to the person one after the other", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const relay = yield* makeRelay()
      yield* relay.register("main", opencode)
      const forms: Array<Form> = []
      const client = yield* connect(relay, {
        person: (form) =>
          Effect.sync(() => {
            forms.push(form)
            return { action: "accept", content: { decision: "once" } }
          }),
      })
      const session_id = (yield* facts.createSession(opencode, "Both by form")).id
      const turn = yield* client.call(SendMessage, { session_id, message })
      assert.strictEqual(turn.outcome, "completed")
      assert.lengthOf(turn.decided ?? [], 2)
      assert.lengthOf(forms, 2)
    }),
  )

  it.effect("are decided, and a turn is stopped, in a session with a message that opencode cannot send any more", () =>
    Effect.gen(function* () {
      const client = yield* FleetClient
      const opencode = yield* RealOpencode
      const session_id = (yield* facts.createSession(opencode, "Unreadable")).id
      assert.strictEqual(yield* facts.promptUnreadably(opencode, session_id, "as JSON"), 400)
      const asked = yield* client.call(SendMessage, { session_id, message })
      assert.strictEqual(asked.outcome, "needs permission")
      yield* client.call(RespondPermission, { session_id, permission_id: asked.waiting_for?.[0]?.id, response: "once" })
      const turn = yield* client.call(RespondPermission, { session_id, response: "once" })
      assert.deepInclude(turn, { outcome: "completed", text: "Done: two-42" })
      const read = yield* client.text(GetSession, { session_id })
      assert.include(read, "1 message could not be read: opencode fails to send it, or it is too large.")
      assert.include(read, "Done: two-42")
      yield* client.call(SendMessage, { session_id, message: "slow: 600", async: true })
      const stopped = yield* client.call(AbortSession, { session_id })
      assert.deepInclude(stopped, { was_running: true, final: true })
      assert.strictEqual((yield* client.call(WaitForSession, { session_id })).outcome, "aborted")
    }),
  )

  // Last, because `always` applies to the whole directory.
  it.effect("are both allowed when always covers them", () =>
    Effect.gen(function* () {
      const { client, first, open, session_id } = yield* waiting("Both allowed")
      const turn = yield* client.call(RespondPermission, { session_id, permission_id: first, response: "always" })
      assert.deepInclude(turn, { outcome: "completed" })
      assert.deepStrictEqual(
        turn.tools.map(({ state }) => state),
        ["completed", "completed"],
      )
      assert.deepStrictEqual(yield* open, [])
    }),
  )
})
