/**
 * Reads one line as a message for the SDK. The SDK drops a message that deviates from the specification, and its client then
 * waits for its timeout; here every request receives an answer.
 */
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  ProtocolErrorCode,
  specTypeSchemas,
} from "@modelcontextprotocol/server"
import { line, quote } from "../../text/plainText.ts"
import { isObject, parseJson } from "./json.ts"
import { type Refusal, usableId, withUsableRequestId } from "./requestIds.ts"
import { tolerant, withCapabilities } from "./tolerance.ts"

export type Reading =
  /** For the SDK. */
  | { readonly _tag: "Message"; readonly message: JSONRPCMessage }
  /** Several messages in one line. */
  | { readonly _tag: "Batch"; readonly messages: ReadonlyArray<unknown> }
  /** To be answered with an error. */
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  /** Neither usable nor to be answered. */
  | { readonly _tag: "Ignored"; readonly reason: string }

export const refused = (id: string | number | null, code: ProtocolErrorCode, message: string): Reading => ({
  _tag: "Refused",
  refusal: { jsonrpc: "2.0", id, error: { code, message: line(message) } },
})

type Members = { readonly [x: string]: unknown }

/** What the params of a method must be. The SDK answers -32603 to some that are not. */
const specification = (method: string) => {
  switch (method) {
    case "initialize":
      return specTypeSchemas.InitializeRequest
    case "tools/call":
      return specTypeSchemas.CallToolRequest
    case "tools/list":
      return specTypeSchemas.ListToolsRequest
    default:
      return specTypeSchemas.JSONRPCRequest
  }
}

const readRequest = (id: string | number, { jsonrpc, method, params }: Members): Reading => {
  const invalid = (problem: string) => refused(id, ProtocolErrorCode.InvalidRequest, `Invalid request: ${problem}`)
  if (jsonrpc !== "2.0") return invalid('"jsonrpc" must be "2.0"')
  if (typeof method !== "string") return invalid('"method" must be a string')
  const request = { jsonrpc, id, method, ...(params === undefined ? {} : { params: withCapabilities(method, params) }) }
  const { issues } = specification(method)["~standard"].validate(request)
  if (isJSONRPCRequest(request) && issues === undefined) return { _tag: "Message", message: request }
  const problems = (issues ?? []).map(({ message, path = [] }) => `${path.join(".")}: ${message}`)
  return refused(id, ProtocolErrorCode.InvalidParams, [`Invalid params for ${quote(method)}`, ...problems].join("; "))
}

const readNotification = ({ jsonrpc, method, params }: Members, text: () => string): Reading => {
  const notification = {
    jsonrpc,
    method,
    ...(params === undefined ? {} : { params: withUsableRequestId(params, text) }),
  }
  return isJSONRPCNotification(notification)
    ? { _tag: "Message", message: notification }
    : { _tag: "Ignored", reason: "a malformed notification" }
}

/** A malformed response is an error, so that its request does not wait for it any longer. */
const readResponse = (id: string | number, { error, jsonrpc, result }: Members): Reading => {
  const response = error === undefined ? { jsonrpc, id, result } : { jsonrpc, id, error }
  const malformed = { code: ProtocolErrorCode.InternalError, message: "The client sent a malformed response" }
  return {
    _tag: "Message",
    message: isJSONRPCResponse(response) ? response : { jsonrpc: "2.0", id, error: malformed },
  }
}

/** `text` is the JSON that the value was parsed from, where an id is looked for that JavaScript has rounded. */
export const readValue = (value: unknown, text = () => ""): Reading => {
  if (Array.isArray(value)) {
    return value.length === 0
      ? refused(null, ProtocolErrorCode.InvalidRequest, "Invalid request: an empty batch")
      : { _tag: "Batch", messages: value }
  }
  if (!isObject(value)) {
    return refused(null, ProtocolErrorCode.InvalidRequest, "Invalid request: a message must be an object")
  }
  const { id: rawId, ...members } = tolerant(value)
  const { method } = members
  const id = usableId(rawId, text)
  const isResponse = method === undefined && ("result" in value || "error" in value)
  if (id !== undefined) return isResponse ? readResponse(id, members) : readRequest(id, members)
  if (isResponse) return { _tag: "Ignored", reason: "a response without a usable id" }
  // Frameworks write a missing id as null.
  if (rawId === undefined && typeof method === "string") {
    if (method.startsWith("notifications/")) return readNotification(members, text)
    // JSON-RPC forbids an answer.
    if (!("id" in value)) return { _tag: "Ignored", reason: `a message without an id: ${quote(method)}` }
  }
  return refused(null, ProtocolErrorCode.InvalidRequest, 'Invalid request: "id" must be a string or a number')
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** The text without a byte order mark at the start, or undefined if the bytes are not UTF-8. */
const decoded = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Undefined for a blank line. */
export const readLine = (bytes: Uint8Array): Reading | undefined => {
  const text = decoded(bytes)
  if (text === undefined) return refused(null, ProtocolErrorCode.ParseError, "Parse error: not UTF-8")
  if (text.trim() === "") return undefined
  const value = parseJson(text)
  return value === undefined
    ? refused(null, ProtocolErrorCode.ParseError, "Parse error: not JSON")
    : readValue(value, () => text)
}
