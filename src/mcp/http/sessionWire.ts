/** The requests of sessions, and the answers to those that cannot be used. */
import { isObject } from "../wire/json.ts"

/** The header of a request that names its session. */
export const sessionHeader = "mcp-session-id"

/** The header of a request that resumes a stream. */
export const lastEventHeader = "last-event-id"

export const unknownEvent = "Bad Request: Last-Event-ID is unknown, or the stream is over"

export const errorResponse = (status: number, code: number, message: string, id: string | number | null = null): Response =>
  Response.json({ jsonrpc: "2.0", error: { code, message }, id }, { status })

export const invalidInitialize = "Invalid params: initialize needs protocolVersion, capabilities and clientInfo"

export const initializeParams = (body: unknown): unknown =>
  isObject(body) && body["method"] === "initialize" && "id" in body ? (body["params"] ?? {}) : undefined

export const requestId = (body: unknown) => {
  const id = isObject(body) ? body["id"] : undefined
  return typeof id === "string" || typeof id === "number" ? id : null
}

/** Requests of the replayed handshake, which no client sees. */
export const posted = (url: string, headers: Record<string, string> = {}): Request =>
  new Request(url, {
    method: "POST",
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
  })
