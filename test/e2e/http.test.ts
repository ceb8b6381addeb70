/** The executable as a server over HTTP: the clients of both eras, one real opencode. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { connectHttp, kinds, type Progress } from "../support/McpClients.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const served = Effect.gen(function* () {
  const relay = yield* makeRelay()
  yield* relay.register("main", yield* RealOpencode)
  return yield* serveHttp(relay)
})

const command = "echo from-$((40 + 2))"

layer(RealOpencode.layer({ permission: "ask" }), { excludeTestServices: true })((it) => {
  it.effect("serves all clients at once: tools, progress, forms", () =>
    Effect.gen(function* () {
      const server = yield* served
      for (const kind of kinds) {
        const client = yield* connectHttp(server, {
          kind,
          person: () => Effect.succeed({ action: "accept", content: { decision: "once" } }),
        })
        assert.include(client.tools, "send_message")
        const session_id = yield* newSession(`By ${kind}`)
        const progress: Array<Progress> = []
        const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` }, (each) =>
          progress.push(each),
        )
        assert.strictEqual(turn.outcome, "completed", kind)
        assert.include(turn.text, "Done: from-42")
        assert.isNotEmpty(progress)
        assert.match(turn.decided?.[0] ?? "", /^allowed once/u)
      }
      assert.strictEqual(yield* server.stdout, "")
    }),
  )
})
