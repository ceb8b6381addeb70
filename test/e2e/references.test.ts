/** References to a session, and that an invalid reference has no effect. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { GetSession } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { FleetClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const found = (session_id: string) =>
  Effect.gen(function* () {
    const client = yield* FleetClient
    return (yield* client.call(GetSession, { session_id })).session.session_id
  })

layer(FleetClient.layer(), { excludeTestServices: true })("a session", (it) => {
  it.effect("is found by its id, a unique prefix of it, a part of its title, and `latest`", () =>
    Effect.gen(function* () {
      const other = yield* newSession("Invoice import")
      const wanted = yield* newSession("Payment export")
      for (const reference of [wanted, wanted.slice(0, -1), "Payment export", "payMENT", "latest", ` ${wanted} `]) {
        assert.strictEqual(yield* found(reference), wanted)
      }
      assert.strictEqual(yield* found("invoice"), other)
    }),
  )

  it.effect("is not guessed if several match: the error lists them", () =>
    Effect.gen(function* () {
      const ids = [yield* newSession("Cart of one"), yield* newSession("Cart of two")]
      const { text } = yield* Effect.flip(found("cart of"))
      for (const part of [...ids, "Cart of one", "Cart of two"]) assert.include(text, part)
      assert.include((yield* Effect.flip(found(ids.map((id) => id.slice(0, 8))[0] ?? ""))).text, "several sessions")
    }),
  )

  it.effect("is not found by an empty reference or by a path, which have no effect", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const client = yield* FleetClient
      const running = yield* newSession("Runs on")
      yield* facts.prompt(opencode, running, "slow: 600")
      yield* facts.status(opencode, running).pipe(eventually((status) => status === "busy"))
      const dispose = "x/../../instance/dispose"
      for (const session_id of ["", "   ", dispose, `ses_${dispose}`, "..", "ses_%2e%2e%2finstance", "ses_?a=b", "*"]) {
        for (const tool of [GetSession, AbortSession, SendMessage]) {
          const parameters = tool === SendMessage ? { session_id, message: "hello" } : { session_id }
          assert.include(yield* client.text(tool, parameters), "list_sessions", `${tool.name} ${session_id}`)
        }
      }
      // Disposing of the instance would have ended the turn.
      assert.strictEqual(yield* facts.status(opencode, running), "busy")
      yield* facts.abort(opencode, running)
    }),
  )
})
