/** The two SDKs' own clients, in the protocol eras that they speak. */
import { Effect } from "effect"
import { connect, connectHttp, type Kind, kinds, type McpClient, type Person } from "../../support/McpClients.ts"
import { relayIn } from "../../support/Executable.ts"
import { type ClientCase, usualCalls } from "../ClientCase.ts"
import type { PlannedCall } from "../model/script.ts"
import type { Stage } from "../Stage.ts"

const person: Person = () => Effect.succeed({ action: "accept", content: { decision: "once" } })

const connected = Effect.fnUntraced(function* (kind: Kind, { fleet, home, http, recorder }: Stage) {
  return http === undefined
    ? yield* connect(yield* relayIn(home, fleet.relay), { kind, file: recorder, person })
    : yield* connectHttp({ url: new URL(http.url), headers: http.headers }, { kind, person })
})

/** A program that gets no answer makes the same call again, as models do. */
const call = Effect.fnUntraced(function* (client: McpClient, { input, tool }: PlannedCall) {
  const once = Effect.timeout(client.text({ name: tool }, { ...input }), "30 seconds")
  return yield* Effect.catchCause(once, () => once)
})

const run = (kind: Kind) => (stage: Stage) =>
  Effect.gen(function* () {
    const client = yield* connected(kind, stage)
    yield* client.text({ name: "list_instances" })
    yield* client.text({ name: "get_session" }, { instance: "main", session_id: stage.fleet.longSession })
    if (stage.http !== undefined) yield* call(client, stage.http.cutCall)
    const message = `run: ${stage.command}`
    yield* client.text({ name: "send_message" }, { instance: "main", session_id: stage.session, message })
  })

export const sdkClients: ReadonlyArray<ClientCase> = kinds.map((kind): ClientCase => ({
  name: kind,
  calls: usualCalls,
  form: "accepted",
  ...(kind === "SDK 2 of 2026-07-28" ? { cut: "repeated" } : {}),
  run: run(kind),
}))
