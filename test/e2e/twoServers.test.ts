/** Two opencode 1 servers of one user, which share their sessions, in one fleet; and two opencode-fleet servers beside each other. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { GetSession } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode, start } from "../support/RealOpencode.ts"

/** An MCP client whose fleet is the shared opencode, `main`, and another server of the same user, `second`. */
const twoInstances = Effect.gen(function* () {
  const main = yield* RealOpencode
  const second = yield* start({ beside: main })
  const relay = yield* makeRelay()
  yield* relay.register("main", main)
  yield* relay.register("second", second)
  const client = yield* connect(relay)
  assert.deepStrictEqual((yield* client.call(RefreshInstances)).health_counts, { online: 2 })
  return { ...client, main, second }
})

const statusAt = (client: Effect.Success<typeof twoInstances>, session_id: string) =>
  Effect.map(client.call(GetSession, { instance: "main", session_id }), ({ session }) => session)

layer(RealOpencode.layer(), { excludeTestServices: true })("two servers of one user", (it) => {
  it.effect("each other's turns are told with the instance on which they run, where they are stopped", () =>
    Effect.gen(function* () {
      const client = yield* twoInstances
      const { call, second } = client
      const session_id = (yield* facts.createSession(second, "On the second")).id
      yield* call(SendMessage, { instance: "second", session_id, message: "slow: 600", async: true })
      const session = yield* statusAt(client, session_id).pipe(eventually(({ status }) => status !== "idle"))
      assert.deepInclude(session, { status: "elsewhere", running_at: "second" })
      const request = { instance: "main", session_id }
      for (const refused of [
        yield* Effect.flip(call(SendMessage, { ...request, message: "say:no" })),
        yield* Effect.flip(call(WaitForSession, request)),
        yield* Effect.flip(call(RespondPermission, { ...request, response: "once" })),
      ]) {
        assert.include(refused.text, "is running on second")
        assert.include(refused.text, 'Pass instance "second"')
      }
      const left = yield* call(AbortSession, request)
      assert.deepInclude(left, { was_running: false, elsewhere: true, running_at: "second" })
      assert.isTrue((yield* call(AbortSession, { instance: "second", session_id })).was_running)
      assert.strictEqual((yield* statusAt(client, session_id)).status, "idle")
      const turn = yield* call(SendMessage, { ...request, message: "say:yes" })
      assert.deepInclude(turn, { outcome: "completed", text: "yes" })
    }),
  )

  it.effect("a turn whose server was killed is over when the other one says that it is not running it", () =>
    Effect.gen(function* () {
      const client = yield* twoInstances
      const { call, second } = client
      // It has had the database open since before the turn, so it could be running it.
      const third = yield* start({ beside: second })
      const session_id = (yield* facts.createSession(third, "Killed")).id
      yield* facts.prompt(third, session_id, "hang:")
      yield* statusAt(client, session_id).pipe(eventually(({ status }) => status === "elsewhere"))
      yield* third.kill
      yield* statusAt(client, session_id).pipe(eventually(({ status }) => status === "idle"))
      const turn = yield* call(SendMessage, { instance: "main", session_id, message: "say:yes" })
      assert.deepInclude(turn, { outcome: "completed", text: "yes" })
    }),
  )
})
