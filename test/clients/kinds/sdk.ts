/** The two SDKs' own clients, in the protocol eras that they speak. */
import { Effect } from "effect"
import { connect, type Kind, kinds } from "../../support/McpClients.ts"
import { relayIn } from "../../support/Executable.ts"
import { type ClientCase, usualCalls } from "../ClientCase.ts"
import type { Stage } from "../Stage.ts"

const run = (kind: Kind) => (stage: Stage) =>
  Effect.gen(function* () {
    const relay = yield* relayIn(stage.home, stage.fleet.relay)
    const client = yield* connect(relay, {
      kind,
      file: stage.recorder,
      person: () => Effect.succeed({ action: "accept", content: { decision: "once" } }),
    })
    yield* client.text({ name: "list_instances" })
    yield* client.text({ name: "get_session" }, { instance: "main", session_id: stage.fleet.longSession })
    const message = `run: ${stage.command}`
    yield* client.text({ name: "send_message" }, { instance: "main", session_id: stage.session, message })
  })

export const sdkClients: ReadonlyArray<ClientCase> = kinds.map((kind) => ({
  name: kind,
  calls: usualCalls,
  form: "accepted",
  run: run(kind),
}))
