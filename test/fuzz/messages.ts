/** Messages of a client, from right to broken. A message is determined by the seed and its number. */
import { Effect, Random } from "effect"
import type { Era } from "./eras.ts"

const longText = "long ".repeat(2000)

/** Replaced in the JSON text by what `JSON.stringify` cannot write. */
const raw = new Map([
  ['"@deep@"', "[".repeat(20_000) + "]".repeat(20_000)],
  ['"@large@"', "123456789012345678901234567890"],
  ['"@infinite@"', "1e999"],
])

const strange: ReadonlyArray<unknown> = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  "",
  " ",
  "null",
  "0",
  longText,
  [],
  [[]],
  [null],
  {},
  { a: null },
  JSON.parse('{"__proto__":{"x":1}}'),
  { constructor: 1 },
  "\u0000",
  "\ud800",
  "😀",
  "../../etc/passwd",
  "\u001b[31m",
  "@deep@",
  "@large@",
  "@infinite@",
]

const keys = [
  "id",
  "method",
  "params",
  "_meta",
  "arguments",
  "name",
  "result",
  "error",
  "__proto__",
  "jsonrpc",
  "cursor",
]

const isNode = (value: unknown): value is Record<string, unknown> | Array<unknown> =>
  typeof value === "object" && value !== null

/** All objects and lists within the value, itself first. */
const nodesOf = (value: unknown): ReadonlyArray<Record<string, unknown> | Array<unknown>> =>
  isNode(value) ? [value, ...Object.values(value).flatMap(nodesOf)] : []

/** Changes one member somewhere in the message, in place. */
const mutate = Effect.fnUntraced(function* (message: object) {
  const nodes = nodesOf(message)
  const node = nodes[yield* Random.nextIntBetween(0, nodes.length - 1)] ?? message
  const names = [...Object.keys(node), ...keys]
  const name = names[yield* Random.nextIntBetween(0, names.length - 1)] ?? "id"
  const value = structuredClone(strange[yield* Random.nextIntBetween(0, strange.length - 1)])
  const how = yield* Random.nextIntBetween(0, 4)
  if (how === 0) Reflect.deleteProperty(node, name)
  else if (how === 1) Reflect.set(node, name, [Reflect.get(node, name)])
  else if (how === 2) Reflect.set(node, name, { value: Reflect.get(node, name) })
  else Reflect.defineProperty(node, name, { value, enumerable: true, configurable: true, writable: true })
})

const reads: ReadonlyArray<readonly [string, object]> = [
  ["list_instances", {}],
  ["list_instances", { status: "online" }],
  ["list_sessions", { instance: "main" }],
  ["get_session", { session_id: "latest" }],
  ["get_session", { session_id: "ses_missing", message_limit: 5 }],
  ["get_status", {}],
  ["get_diff", { session_id: "latest" }],
  ["no_such_tool", {}],
  ["__proto__", {}],
]

/** Calls that would write, if any of them were made. None is valid JSON-RPC or valid for its tool; mutations leave them alone. */
const create = { name: "create_session", arguments: { title: "written" } }
const writes: ReadonlyArray<object> = [
  { jsonrpc: "2.0", method: "tools/call", params: create },
  { jsonrpc: "2.0", id: null, method: "tools/call", params: create },
  { jsonrpc: "2.0", id: {}, method: "tools/call", params: create },
  { jsonrpc: "1.0", id: "@id@", method: "tools/call", params: create },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: [create] },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: { ...create, arguments: [create.arguments] } },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: { ...create, arguments: "title" } },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: { ...create, arguments: { titel: "written" } } },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: { ...create, name: ["create_session"] } },
  { jsonrpc: "2.0", id: "@id@", result: { method: "tools/call", params: create } },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: { name: "send_message", arguments: { message: "x" } } },
  { jsonrpc: "2.0", id: "@id@", method: "tools/call", params: { name: "abort_session", arguments: {} } },
]

const others: ReadonlyArray<object> = [
  { method: "ping" },
  { method: "tools/list", params: {} },
  {
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "f", version: "1" } },
  },
  { method: "server/discover", params: {} },
  { method: "subscriptions/listen", params: { notifications: { toolsListChanged: true } } },
  { method: "resources/list", params: {} },
  { method: "prompts/get", params: { name: "x" } },
  { method: "logging/setLevel", params: { level: "debug" } },
  {
    method: "completion/complete",
    params: { ref: { type: "ref/prompt", name: "x" }, argument: { name: "a", value: "b" } },
  },
  { method: "tasks/list" },
  { method: "constructor" },
  { method: "notifications/initialized" },
]

const notifications: ReadonlyArray<object> = [
  { jsonrpc: "2.0", method: "notifications/initialized" },
  { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } },
  { jsonrpc: "2.0", method: "notifications/roots/list_changed" },
  { jsonrpc: "2.0", method: "$/unknown", params: {} },
  { jsonrpc: "2.0", id: 0, result: {} },
  { jsonrpc: "2.0", id: 77, error: { code: -1, message: "no" } },
  { jsonrpc: "2.0", id: "x", result: null },
]

/** The id of message number `index`, in one of the forms that JSON-RPC has. */
const idOf = Effect.fnUntraced(function* (index: number) {
  const form = yield* Random.nextIntBetween(0, 9)
  return form < 5 ? index : form < 8 ? `s${index}` : index + 0.5
})

const request = Effect.fnUntraced(function* (index: number, { meta }: Era) {
  const isCall = (yield* Random.next) < 0.6
  const [name, args] = yield* Random.choice(reads.length === 0 ? [["", {}] as const] : [...reads]).pipe(Effect.orDie)
  const chosen = isCall
    ? { method: "tools/call", params: { name, arguments: args } }
    : structuredClone(others[yield* Random.nextIntBetween(0, others.length - 1)] ?? {})
  const message: Record<string, unknown> = { jsonrpc: "2.0", id: yield* idOf(index), ...structuredClone(chosen) }
  const token = (yield* Random.next) < 0.3 ? { progressToken: index } : undefined
  if (meta !== undefined || token !== undefined) {
    const params = isNode(message["params"]) ? message["params"] : {}
    message["params"] = { ...params, _meta: { ...meta, ...token } }
  }
  return message
})

const toText = (value: unknown): string => {
  let text = JSON.stringify(value)
  for (const [placeholder, replacement] of raw) text = text.replaceAll(placeholder, replacement)
  return text
}

const garble = Effect.fnUntraced(function* (text: string) {
  const bytes = Buffer.from(text)
  const at = yield* Random.nextIntBetween(0, bytes.length)
  const byte = yield* Random.nextIntBetween(0, 255)
  const how = yield* Random.nextIntBetween(0, 9)
  switch (how) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at + 1)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte, 0x0a, 0xff]), bytes.subarray(at)])
    case 3:
      return Buffer.concat([Buffer.from("\uFEFF"), bytes])
    case 4:
      return Buffer.concat([bytes, Buffer.from("\r")])
    case 5:
      return Buffer.concat([bytes, bytes])
    case 6:
      return Buffer.from(text, "utf16le")
    case 7:
      return Buffer.from(`Content-Length: ${bytes.length}\r\n\r\n${text}`)
    case 8:
      return Buffer.from(`  \t${text}  `)
    default:
      return Buffer.from(Array.from({ length: 40 }, (_, index) => (byte * (index + 7)) % 256))
  }
})

const generated = Effect.fnUntraced(function* (index: number, era: Era): Effect.fn.Return<Buffer> {
  const kind = yield* Random.next
  if (kind < 0.1) {
    const write = writes[yield* Random.nextIntBetween(0, writes.length - 1)] ?? {}
    const text = toText(write).replaceAll('"@id@"', String(index))
    const isCut = (yield* Random.next) < 0.2
    return Buffer.from(isCut ? text.slice(0, -1) : text)
  }
  if (kind < 0.15) {
    const notification = structuredClone(notifications[yield* Random.nextIntBetween(0, notifications.length - 1)] ?? {})
    if ((yield* Random.next) < 0.5) yield* mutate(notification)
    return Buffer.from(toText(notification))
  }
  if (kind < 0.2) {
    const requestId = yield* idOf(index - (yield* Random.nextIntBetween(1, 5)))
    return Buffer.from(toText({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }))
  }
  const message = yield* request(kind < 0.23 ? index - 3 : index, era)
  if (kind > 0.3) {
    yield* mutate(message)
    if (kind > 0.7) yield* mutate(message)
  }
  if (kind < 0.27) {
    const second = { jsonrpc: "2.0", id: `b${index}`, method: "ping" }
    return Buffer.from(toText([message, second, ...notifications.slice(0, 2)]))
  }
  const text = toText(message)
  return kind > 0.85 ? yield* garble(text) : Buffer.from(text)
})

/** The bytes of message number `index`, without the line feed at their end. They may hold several lines. */
export const messageOf = (seed: string, index: number, era: Era): Effect.Effect<Buffer> =>
  Random.withSeed(generated(index, era), `${seed}/${index}`)
