/** `initialize`, as a client of a session sends it, and as the server repeats it for a session that it does not know. */
import { isInitializeRequest } from "@modelcontextprotocol/server"
import { isObject } from "../wire/json.ts"
import { jsonRpcError } from "./responses.ts"
import { makeSessionId, type SessionId } from "./sessionId.ts"

/** The header of a request that names its session. */
export const sessionHeader = "mcp-session-id"

interface Initialize {
  readonly body: Readonly<Record<string, unknown>>
  readonly id: string | number | null
  /** The session that it begins. Undefined if its parameters are invalid. */
  readonly session: SessionId | undefined
}

const isInitialize = (body: unknown) => isObject(body) && body["method"] === "initialize" && "id" in body

/** The request of a client that wants a session. Undefined for any other body. */
export const initializeOf = (body: unknown): Initialize | undefined => {
  if (!isObject(body) || !isInitialize(body)) return undefined
  const { id } = body
  const session = makeSessionId(crypto.randomUUID(), body["params"] ?? {})
  // The SDK would take an invalid one for another request.
  const isValid = session !== undefined && isInitializeRequest({ ...body, params: session.facts })
  return {
    body,
    id: typeof id === "string" || typeof id === "number" ? id : null,
    session: isValid ? session : undefined,
  }
}

/** Whether `initialize` is in a body, also in a batch. */
export const hasInitialize = (body: unknown): boolean =>
  Array.isArray(body) ? body.some(isInitialize) : isInitialize(body)

export const invalidInitialize = ({ id }: Initialize) =>
  jsonRpcError({
    status: 400,
    code: -32602,
    message: "Invalid params: initialize needs protocolVersion, capabilities and clientInfo",
    id,
  })

/** A request of the repeated handshake, which no client sees. */
export const handshakeRequest = (url: string, session?: string): Request =>
  new Request(url, {
    method: "POST",
    headers: {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...(session === undefined ? {} : { [sessionHeader]: session }),
    },
  })
