/** A session of a real opencode, and the built executable, which reaches it through a {@link FaultProxy}. */
import { Deferred, Effect, Fiber } from "effect"
import { SendMessage } from "../../src/tools/TurnTools.ts"
import { makeRelay } from "./Executable.ts"
import { makeFaultProxy } from "./FaultProxy.ts"
import { connect, eventually, type McpClient } from "./McpClients.ts"
import * as facts from "./opencodeFacts.ts"
import type { RealOpencode } from "./RealOpencode.ts"

type Opencode = RealOpencode["Service"]

/** The request that brings a message to opencode. */
export const promptRequest = /^POST \/session\/[^/]+\/prompt_async/u

const idle = (opencode: Opencode, session: string) =>
  facts.status(opencode, session).pipe(eventually((status) => status === "idle", "30 seconds"))

/** A session of its own, looked at past every proxy. */
export const makeSession = Effect.fnUntraced(function* (opencode: Opencode, title: string) {
  const { id } = yield* facts.createSession(opencode, title)
  return {
    id,
    status: facts.status(opencode, id),
    texts: facts.texts(opencode, id),
    /** The turn has ended in opencode. */
    idle: idle(opencode, id),
  }
})

/** A relay directory in which the proxy stands for opencode. */
export const behindProxy = Effect.fnUntraced(function* (opencode: Opencode) {
  const proxy = yield* makeFaultProxy(opencode)
  const relay = yield* makeRelay()
  yield* relay.register("main", { directory: opencode.directory, port: proxy.port })
  return { proxy, relay }
})

export const throughProxy = Effect.fnUntraced(function* (opencode: Opencode, title: string) {
  const { proxy, relay } = yield* behindProxy(opencode)
  const client = yield* connect(relay)
  return { proxy, client, session: yield* makeSession(opencode, title) }
})

/** Sends a message whose answer is `tick 1 tick 2 …`, and goes on in the middle of the answer. */
export const midTurn = Effect.fnUntraced(function* (client: McpClient, session_id: string, message: string) {
  const heard = yield* Deferred.make<void>()
  const turn = yield* client
    .call(SendMessage, { session_id, message }, ({ message }) => {
      if (message?.includes("tick") === true) Deferred.doneUnsafe(heard, Effect.void)
    })
    .pipe(Effect.forkChild)
  yield* Effect.raceFirst(Deferred.await(heard), Fiber.join(turn))
  return turn
})
