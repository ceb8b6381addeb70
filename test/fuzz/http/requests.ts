/** HTTP requests, from right to broken. A request is determined by the seed and its number, except for the names in `@…@`. */
import { Effect, Random } from "effect"
import { meta2026 } from "../../support/meta2026.ts"
import { pick } from "../../support/pick.ts"
import { eras } from "../eras.ts"
import { messageOf } from "../messages.ts"

/** What a running server has given out, in place of the names in a request. */
export interface Known {
  readonly session: string
  readonly event: string
  readonly token: string
  /** May only read. */
  readonly reader: string
  readonly cookie: string
}

export interface FuzzRequest {
  readonly bytes: Buffer
  /** Whether the answer may tell anything: the token, the host and the origin are right, or the path is open to everybody. */
  readonly mayPass: boolean
  /** Whether all of the body that is announced is sent. */
  readonly isWhole: boolean
  /** Whether the token stands where an answer may repeat it, such as in the name of a revision. */
  readonly showsToken: boolean
}

type Header = readonly [name: string, value: string]

const chance = (share: number) => Effect.map(Random.next, (value) => value < share)

const paths = [
  "/",
  "/live",
  "/live?since=x",
  "/login",
  "/login?next=//evil.example",
  "/logout",
  "/requests",
  "/sessions",
  "/sessions?instance=main&id=latest&messages=1e9",
  "/live/sessions?instance=%00&id=%ff",
  "/instances?name=main",
  "/instances?name=%F0%9F%98%80&name=main",
  "/page.css",
  "/.well-known/oauth-protected-resource/mcp",
  "/nowhere",
  "/mcp/",
  "//mcp",
  "/%6dcp",
  "/mcp?session=@session@",
  "/mcp%00",
  "/..%2f..%2fetc/passwd",
  "/%",
  "*",
  "http://evil.example/mcp",
  "http://[::1/mcp",
  `/${"x".repeat(4000)}`,
]

/** Those without a token. */
const open = /^\/(?:login|logout|page\.css|page\.js|htmx\.js|icon\.svg|nowhere|\.well-known|%|x{9}|\.\.)/u

const values = [
  "",
  " ",
  "null",
  "0",
  "-1",
  "1e999",
  "a".repeat(6000),
  "\u00ff\u0080",
  "\u0001",
  "a, b",
  "../../etc/passwd",
  "__proto__",
  "@session@",
  "@session@x",
  "@event@",
  "@event@0",
  "_GET_stream_1",
  "Bearer",
  "Bearer @token@x",
  "Basic @token@",
  "2026-07-28",
  "2025-11-25",
  "1999-01-01",
  "text/event-stream",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-16",
  "gzip",
  "http://evil.example",
  "evil.example",
  "[::1",
  "opencode-fleet=@cookie@; opencode-fleet=x",
]

const names = [
  "Host",
  "Origin",
  "Authorization",
  "Accept",
  "Content-Type",
  "Content-Encoding",
  "Mcp-Session-Id",
  "Mcp-Protocol-Version",
  "Mcp-Method",
  "Mcp-Name",
  "Last-Event-ID",
  "Cookie",
  "Expect",
  "Upgrade",
  "Transfer-Encoding",
  "Content-Length",
  "X-Forwarded-Host",
  "Range",
  "If-None-Match",
  "HX-Request",
]

const fields = [
  "token",
  "next",
  "form",
  "instance",
  "session",
  "request",
  "kind",
  "decision",
  "message",
  "answer-0",
  "own-0",
]
const fieldValues = [
  "",
  "main",
  "latest",
  "per_1",
  "question",
  "once",
  "always",
  "%00",
  "%zz",
  "//evil",
  "@token@",
  "x".repeat(3000),
]

const form = Effect.gen(function* () {
  const pairs = yield* Effect.replicateEffect(
    Effect.zip(pick(fields), pick(fieldValues)),
    yield* Random.nextIntBetween(0, 8),
  )
  return pairs.map(([name, value]) => `${name}=${value}`).join("&")
})

const taskIds = ["", "1.x", "mb1.!x", "zzzzzzzzz.~", "0.main", `1.${"x".repeat(200)}`, "1.main/ses_x/msg_y", "1.\u0000"]

const aboutTask = (index: number) =>
  Effect.map(Effect.all([pick(["tasks/get", "tasks/cancel", "tasks/update"]), pick(taskIds)]), ([method, taskId]) => ({
    method,
    name: taskId,
    text: JSON.stringify({
      jsonrpc: "2.0",
      id: index,
      method,
      params: {
        taskId,
        inputResponses: { x: { action: "accept", content: {} } },
        _meta: meta2026({ extensions: { "io.modelcontextprotocol/tasks": {} } }, { name: "fuzz", version: "1" }),
      },
    }),
  }))

/** A right request of one of the kinds. */
const right = Effect.fnUntraced(function* (seed: string, index: number) {
  const kind = yield* Random.next
  if (kind < 0.15) {
    const method = (yield* chance(0.7)) ? "GET" : "POST"
    const headers: Array<Header> = [["Cookie", "opencode-fleet=@cookie@"]]
    if (method === "GET") return { method, path: yield* pick(paths), headers, body: Buffer.from("") }
    headers.push(["Content-Type", "application/x-www-form-urlencoded"], ["Origin", "http://127.0.0.1"])
    const path = yield* pick(["/login", "/logout", "/requests"])
    return { method, path, headers, body: Buffer.from(yield* form) }
  }
  const headers: Array<Header> = [
    ["Authorization", (yield* chance(0.8)) ? "Bearer @token@" : "Bearer @reader@"],
    ["Accept", "application/json, text/event-stream"],
    ["Content-Type", "application/json"],
  ]
  if (kind < 0.25) {
    headers.push(["Mcp-Session-Id", "@session@"])
    const resumes = yield* chance(0.5)
    if (resumes) headers.push(["Last-Event-ID", (yield* chance(0.5)) ? "@event@" : yield* pick(values)])
    const method = yield* pick(["GET", "GET", "GET", "DELETE", "PUT", "OPTIONS", "HEAD", "PATCH"])
    return { method, path: "/mcp", headers, body: Buffer.from("") }
  }
  if (kind < 0.35) {
    const { method, name, text } = yield* aboutTask(index)
    headers.push(["Mcp-Protocol-Version", "2026-07-28"], ["Mcp-Method", method], ["Mcp-Name", name])
    return { method: "POST", path: "/mcp", headers, body: Buffer.from(text) }
  }
  const era = yield* pick(eras)
  const body = yield* messageOf(seed, index, era)
  if (era.meta === undefined) headers.push(["Mcp-Session-Id", "@session@"], ["Mcp-Protocol-Version", era.name])
  else headers.push(["Mcp-Protocol-Version", era.name], ["Mcp-Method", "tools/call"], ["Mcp-Name", "list_instances"])
  return { method: "POST", path: "/mcp", headers, body }
})

const generated = Effect.fnUntraced(function* (seed: string, index: number, known: Known) {
  const request = yield* right(seed, index)
  const path = (yield* chance(0.05)) ? yield* pick(paths) : request.path
  const headers: Array<Header> = [["Host", "127.0.0.1"], ...request.headers]
  for (let changes = yield* Random.nextIntBetween(0, 3); changes > 0; changes--) {
    const how = yield* Random.next
    const place = yield* Random.nextIntBetween(0, headers.length - 1)
    if (how < 0.3) headers.splice(place, 1)
    else headers.splice(place, how < 0.6 ? 1 : 0, [yield* pick(names), yield* pick(values)])
  }
  const isCut = yield* chance(0.05)
  if (!headers.some(([name]) => /^(?:content-length|transfer-encoding)$/iu.test(name)))
    headers.push(["Content-Length", String(request.body.byteLength + (isCut ? 100 : 0))])
  headers.push(["Connection", "close"])
  const head = [`${request.method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""]
  const fill = (text: string) =>
    text.replaceAll(/@(session|event|token|reader|cookie)@/gu, (_, name: keyof Known) => known[name])
  const named = (name: string) => headers.flatMap(([other, value]) => (other.toLowerCase() === name ? [value] : []))
  const hasKey = [...named("authorization"), ...named("cookie")].some((value) =>
    /^Bearer +@(?:token|reader)@ *$|opencode-fleet=@cookie@/iu.test(value),
  )
  // Of several, Node takes the first.
  const isOwnHost = named("host")[0] === "127.0.0.1"
  const isOwnOrigin = named("origin").every((origin) => origin === "http://127.0.0.1")
  const result: FuzzRequest = {
    bytes: Buffer.concat([Buffer.from(fill(head.join("\r\n")), "latin1"), request.body]),
    mayPass: isOwnHost && isOwnOrigin && (hasKey || open.test(path)),
    showsToken: [path, ...headers.flatMap(([name, value]) => (/^authorization$/iu.test(name) ? [] : [value]))].some(
      (text) => text.includes("@token@"),
    ),
    isWhole:
      named("content-length").every((length) => Number(length) === request.body.byteLength) &&
      named("transfer-encoding").length === 0,
  }
  return result
})

export const requestOf = (seed: string, index: number, known: Known): Effect.Effect<FuzzRequest> =>
  Random.withSeed(generated(seed, index, known), `${seed}/http/${index}`)
