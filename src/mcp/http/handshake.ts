/** `initialize`, as a client of a session sends it, and as the server repeats it for a session that it does not know. */
import { isObject } from "../wire/json.ts"

/** The header of a request that names its session. */
export const sessionHeader = "mcp-session-id"

/** The request of a client that wants a session, with its parameters. Undefined for any other body. */
export const initializeOf = (body: unknown) => {
  if (!isObject(body) || body["method"] !== "initialize" || !("id" in body)) return undefined
  const { id } = body
  return { body, params: body["params"] ?? {}, id: typeof id === "string" || typeof id === "number" ? id : null }
}

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
