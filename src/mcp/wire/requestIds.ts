/**
 * Request ids that the SDK does not take: it refuses fractions and integers beyond 2^53, which JSON-RPC allows. They are
 * strings inside this program and the client's own number on the wire.
 */
import type { JSONRPCMessage } from "@modelcontextprotocol/server"
import { isObject, parseJson } from "./json.ts"
import { topLevelId } from "./topLevelId.ts"

const prefix = "number:"

/** The id of a request as the SDK takes it, from its JSON text. Undefined if that is no string and no number. */
export const idFromJson = (text: string): string | number | undefined => {
  const id = parseJson(text)
  if (typeof id === "number") return Number.isSafeInteger(id) ? id : `${prefix}${text}`
  return typeof id === "string" ? id : undefined
}

/** The JSON text of an id from {@link idFromJson}. */
const idToJson = (id: string | number | null): string =>
  typeof id === "string" && id.startsWith(prefix) ? id.slice(prefix.length) : JSON.stringify(id)

/** An error response. Its id is null if its message has no usable one. */
export interface Refusal {
  readonly jsonrpc: "2.0"
  readonly id: string | number | null
  readonly error: { readonly code: number; readonly message: string }
}

/** The id of a parsed message as the SDK takes it, or undefined if it has no usable one. `text` is the message's JSON text. */
export const usableId = (id: unknown, text: () => string): string | number | undefined => {
  if (typeof id === "string" || (typeof id === "number" && Number.isSafeInteger(id))) return id
  // JavaScript has rounded a large integer by now; only the text still has it.
  return typeof id === "number" ? idFromJson(topLevelId(text()) ?? String(id)) : undefined
}

/** Makes a cancellation name its request by the id that the SDK knows. */
export const withUsableRequestId = (params: unknown, text: () => string): unknown => {
  if (!isObject(params) || !("requestId" in params) || typeof params.requestId !== "number") return params
  if (Number.isSafeInteger(params.requestId)) return params
  const written = /"requestId"\s*:\s*(-?\d[\d.eE+-]*)/u.exec(text())?.[1]
  return { ...params, requestId: idFromJson(written ?? String(params.requestId)) }
}

/** A message as one line of JSON. The id goes first, so that it can be written as the client wrote it. */
export const writeMessage = (message: JSONRPCMessage | Refusal): string => {
  if (!("id" in message) || message.id === undefined) return JSON.stringify(message)
  const { id, ...members } = message
  return `{"id":${idToJson(id)},${JSON.stringify(members).slice(1)}`
}
