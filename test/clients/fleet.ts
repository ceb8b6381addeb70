/** The fleet that the clients see: a real opencode that asks before it runs a command, and instances that are gone. */
import { Effect } from "effect"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { connect } from "../support/McpClients.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { serveFleet } from "./http/servedFleet.ts"
import type { Fleet } from "./Stage.ts"

/** Instances that no longer answer, so that a list has more than an answer holds. */
const goneInstances = 49

const longTexts = 6
const longText = "All work and no play makes Jack a dull agent. ".repeat(60)

export interface FleetOptions {
  /** One server over HTTP for all clients. Default: each client starts a server of its own. */
  readonly http?: boolean
}

/** Needs `RealOpencode.layer({ permission: "ask" })`. */
export const makeFleet = Effect.fnUntraced(function* ({ http = false }: FleetOptions = {}) {
  const relay = yield* makeRelay()
  const opencode = yield* RealOpencode
  yield* relay.register("main", opencode)
  const client = yield* connect(relay)
  const newSession = client
    .call(CreateSession, { instance: "main" })
    .pipe(Effect.map(({ session }) => session.session_id))
  const longSession = yield* newSession
  for (let index = 0; index < longTexts; index++) {
    const message = `say:${index} ${longText}`
    yield* client.call(SendMessage, { instance: "main", session_id: longSession, message })
  }
  for (let index = 1; index <= goneInstances; index++) yield* relay.register(`gone-${index}`, { port: 1 })
  return {
    relay: relay.directory,
    longSession,
    newSession,
    isBusy: (session) => Effect.map(facts.status(opencode, session), (status) => status === "busy"),
    stored: (session) => facts.texts(opencode, session),
    served: http ? yield* serveFleet(relay) : undefined,
  } satisfies Fleet as Fleet
})
