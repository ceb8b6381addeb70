/** A session of a real opencode, and the built executable, which reaches it through a {@link FaultProxy}. */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema } from "effect"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import type { TurnView } from "../../src/tools/turns/turnSchemas.ts"
import { makeRelay } from "./Executable.ts"
import { makeFaultProxy } from "./FaultProxy.ts"
import { connect, type McpClient } from "./McpClients.ts"
import { eventually } from "./eventually.ts"
import * as facts from "./facts.ts"
import type { startRaw } from "./RawServer.ts"
import type { RealOpencode } from "./RealOpencode.ts"

type Opencode = RealOpencode["Service"]

/** Only a broken connection, not a busy machine, is a fault. */
export const patient = { HEALTH_CHECK_TIMEOUT_MS: "30000" }

/** The request with which a message is sent to opencode. */
export const promptRequest = /^POST (?:\/api)?\/session\/[^/]+\/prompt(?:_async)?$/u

/** A new session, read directly and not through the proxy. */
export const makeSession = Effect.fnUntraced(function* (opencode: Opencode, title: string) {
  const { id } = yield* facts.createSession(opencode, title)
  const status = facts.status(opencode, id)
  return {
    id,
    status,
    texts: facts.texts(opencode, id),
    /** The turn has ended in opencode. */
    idle: status.pipe(eventually((status) => status === "idle")),
  }
})

/** A relay directory in which the proxy is registered instead of opencode. */
export const behindProxy = Effect.fnUntraced(function* (opencode: Opencode) {
  const proxy = yield* makeFaultProxy(opencode)
  const relay = yield* makeRelay()
  yield* relay.register("main", { ...opencode, port: proxy.port })
  return { proxy, relay }
})

export const throughProxy = Effect.fnUntraced(function* (opencode: Opencode, title: string) {
  const { proxy, relay } = yield* behindProxy(opencode)
  const client = yield* connect(relay, { variables: patient })
  return { proxy, client, session: yield* makeSession(opencode, title) }
})

/** Sends a message whose answer is `tick 1 tick 2 …`, and continues in the middle of the answer. */
export const midTurn = Effect.fnUntraced(function* (
  client: McpClient,
  session_id: string,
  message: string,
  where: { readonly instance?: string } = {},
) {
  const heard = yield* Deferred.make<void>()
  const turn = yield* client
    .call(SendMessage, { ...where, session_id, message }, ({ message }) => {
      if (message?.includes("tick") === true) Deferred.doneUnsafe(heard, Effect.void)
    })
    .pipe(Effect.forkChild)
  yield* Effect.raceFirst(Deferred.await(heard), Fiber.join(turn))
  return turn
})

type Raw = Effect.Success<ReturnType<typeof startRaw>>

/** The same as {@link midTurn} with a client that can be stopped. Returns the id of the call. */
export const midTurnRaw = Effect.fnUntraced(function* (raw: Raw, session_id: string, message: string) {
  yield* raw.initialize()
  const call = yield* raw.send("tools/call", {
    name: "send_message",
    arguments: { session_id, message },
    _meta: { progressToken: "token" },
  })
  yield* raw.stdout.pipe(eventually((stdout) => stdout.includes("tick")))
  return call
})

const decodeTurn = Schema.decodeUnknownEffect(Schema.Struct({ structuredContent: SendMessage.successSchema }))

/** The turn in such a call's result. */
export const answeredTurn = Effect.fnUntraced(function* (raw: Raw, call: number) {
  const { result } = yield* raw.answerTo(call)
  return (yield* decodeTurn(result)).structuredContent
})

/** The whole answer, exactly as opencode has stored it. */
export const assertWhole = (turn: Pick<TurnView, "outcome" | "text">, texts: ReadonlyArray<string>) => {
  const [, stored] = texts
  assert.lengthOf(texts, 2)
  assert.deepStrictEqual({ outcome: turn.outcome, text: turn.text }, { outcome: "completed", text: stored })
}
