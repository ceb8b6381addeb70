/** An endpoint over HTTP with small tools, called without a network. */
import { Deferred, Effect, Latch, Layer, Queue, Redacted, Schema } from "effect"
import { Tool, Toolkit } from "effect/ai"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { Gate, Refused } from "../../../src/mcp/access/Gate.ts"
import { Call, LongRunning } from "../../../src/mcp/Call.ts"
import { type EndpointOptions, makeEndpoint } from "../../../src/mcp/http/Endpoint.ts"
import { meta2026 } from "../../support/meta2026.ts"

const Count = Schema.Struct({ count: Schema.Int })

const Toys = Toolkit.make(
  Tool.make("look", { description: "Reads", success: Schema.Struct({ canAsk: Schema.Boolean }) }).annotate(
    Tool.Readonly,
    true,
  ),
  Tool.make("change", { description: "Changes, and counts", success: Count }),
  Tool.make("hang", { description: "Never ends", success: Schema.Struct({}) }),
  Tool.make("read", { description: "Reads, and counts", success: Count }).annotate(Tool.Readonly, true),
  Tool.make("finish", { description: "Ends when it is told to", success: Schema.Struct({}) }),
  Tool.make("wait", { description: "Never ends", success: Schema.Struct({}) }).annotate(LongRunning, true),
)

/** Tokens are `name:scope,scope`; with `+` at the end, the caller can get further scopes. */
const gate = Layer.succeed(Gate, {
  verify: (token) => {
    const [, subject, scopes, plus] =
      /^(\w+):([\w,]*)(\+?)$/u.exec(token === undefined ? "" : Redacted.value(token)) ?? []
    return subject === undefined || scopes === undefined
      ? Effect.fail(new Refused({ status: 401, message: "no token", challenge: "Bearer" }))
      : Effect.succeed({ subject, scopes: new Set(scopes.split(",")), stepsUp: plus === "+" })
  },
  insufficient: (_caller, missing) =>
    new Refused({ status: 403, message: missing, challenge: `Bearer scope="${missing}"` }),
})

export interface Sent {
  readonly method?: string
  readonly token?: string
  readonly session?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export const initialize = (capabilities: object = {}, name = "toys") => ({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities, clientInfo: { name, version: "1" } },
})

export const toolCall = (name: string, id = 2) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: {} },
})

/** The same as a request of revision 2026-07-28. */
export const modern = (method: string, params: object = {}, client: object = { name: "toys", version: "1" }): Sent => ({
  headers: {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...("name" in params ? { "mcp-name": String(params.name) } : {}),
  },
  body: {
    jsonrpc: "2.0",
    id: 1,
    method,
    params: {
      ...params,
      _meta: meta2026({}, client),
    },
  },
})

export const makeToys = Effect.fnUntraced(function* (options: Partial<EndpointOptions> = {}) {
  const waiting = yield* Deferred.make<void>()
  const waits = yield* Queue.unbounded<"began" | "ended">()
  const begun = yield* Queue.unbounded<void>()
  const finished = yield* Latch.make()
  let changes = 0
  let reads = 0
  const handlers = Toys.toLayer({
    finish: () => Effect.as(Effect.andThen(Queue.offer(begun, undefined), finished.await), {}),
    look: () => Effect.map(Call, ({ canAsk }) => ({ canAsk })),
    change: () => Effect.sync(() => ({ count: ++changes })),
    read: () => Effect.sync(() => ({ count: ++reads })),
    hang: () => Effect.andThen(Deferred.succeed(waiting, undefined), Effect.never),
    wait: () =>
      Effect.acquireUseRelease(
        Queue.offer(waits, "began"),
        () => Effect.andThen(Deferred.succeed(waiting, undefined), Effect.never),
        () => Queue.offer(waits, "ended"),
      ),
  })
  const kit = yield* Effect.provide(Toys, handlers)
  const endpoint = yield* makeEndpoint(Toys, Effect.succeed(kit), {
    name: "toys",
    title: "Toys",
    version: "1",
    instructions: "Play",
    access: { scopeOf: ({ name }) => (name === "change" ? "write" : "read"), formScope: "decide" },
    ...options,
  }).pipe(Effect.provide(gate))

  /** Sends a request, and returns the answer with its stream still open. */
  const open = ({ body, headers = {}, method = "POST", session, token = "anna:read,write,decide" }: Sent) =>
    Effect.map(
      endpoint.handle(
        HttpServerRequest.fromWeb(
          new Request("http://localhost/mcp", {
            method,
            headers: {
              accept: "application/json, text/event-stream",
              "content-type": "application/json",
              ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
              ...(session === undefined ? {} : { "mcp-session-id": session }),
              ...headers,
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          }),
        ),
      ),
      (response) => HttpServerResponse.toWeb(response),
    )

  /** Sends a request, and reads the answer to its end. */
  const send = (sent: Sent) =>
    Effect.scoped(
      Effect.gen(function* () {
        const response = yield* open(sent)
        const text = yield* Effect.promise(() => response.text())
        return {
          status: response.status,
          headers: response.headers,
          text,
          session: response.headers.get("mcp-session-id") ?? undefined,
        }
      }),
    )
  /** `waits` is what next happens to a call of `wait`. */
  return {
    ...endpoint,
    open,
    send,
    waiting: Deferred.await(waiting),
    waits: Queue.take(waits),
    waited: Queue.size(waits),
    /** The next call of `finish` has begun. */
    begins: Queue.take(begun),
    begun: Queue.size(begun),
    finish: finished.open,
  }
})
