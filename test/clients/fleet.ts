/** The fleet that the clients see: a real opencode that asks before it runs a command, and instances that are gone. */
import { Effect } from "effect"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect } from "../support/McpClients.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import type { Fleet } from "./Stage.ts"

/** Instances that no longer answer, so that a list has more than an answer holds. */
const goneInstances = 49

const longTexts = 6
const longText = "All work and no play makes Jack a dull agent. ".repeat(60)

/** Needs `RealOpencode.layer({ permission: "ask" })`. */
export const makeFleet = Effect.gen(function* () {
  const relay = yield* makeRelay()
  yield* relay.register("main", yield* RealOpencode)
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
  return { relay: relay.directory, longSession, newSession } satisfies Fleet as Fleet
})
