/** What a client may expect for what it sends: which ids are answered, and how often. Written from JSON-RPC and MCP, not from src/. */
import type { Era } from "./eras.ts"
import { isObject } from "../../src/mcp/wire/json.ts"

export interface Expected {
  /** The ids that must be answered, as JSON text; "null" for an answer without an id. */
  readonly answers: ReadonlyArray<string>
  /** Ids whose answer may be missing from now on. */
  readonly optional: ReadonlyArray<string>
}

const nothing: Expected = { answers: [], optional: [] }
const answerTo = (id: string): Expected => ({ answers: [id], optional: [] })

/** The JSON text of an id. JavaScript rounds a large number, so its text is looked for in the line. */
const idText = (id: string | number, line: string): string => {
  if (typeof id === "string" || Number.isSafeInteger(id)) return JSON.stringify(id)
  const written = [...line.matchAll(/"id":(-?[\d.eE+-]+)/gu)].map(([, text = ""]) => text)
  return written.find((text) => Object.is(Number(text), id)) ?? String(id)
}

const inMessage = (message: unknown, line: string): Expected => {
  if (!isObject(message)) return answerTo("null")
  const { id, params } = message
  const method = message["method"] ?? undefined
  const isResponse = method === undefined && ("result" in message || "error" in message)
  if (isResponse) return nothing
  if (typeof id === "string" || typeof id === "number") {
    const text = idText(id, line)
    // Its answer is a notification, if it is accepted.
    return method === "subscriptions/listen" ? { answers: [], optional: [text] } : answerTo(text)
  }
  const isNotification = typeof method === "string" && (!("id" in message) || method.startsWith("notifications/"))
  if (!isNotification || (id ?? undefined) !== undefined) return answerTo("null")
  const requestId = method === "notifications/cancelled" && isObject(params) ? params["requestId"] : undefined
  return typeof requestId === "string" || typeof requestId === "number"
    ? { answers: [], optional: [JSON.stringify(requestId)] }
    : nothing
}

const inLine = (bytes: Buffer, { hasBatches }: Era): Expected => {
  let line: string
  let message: unknown
  try {
    line = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    if (line.trim() === "") return nothing
    message = JSON.parse(line)
  } catch {
    return answerTo("null")
  }
  if (!Array.isArray(message) || message.length === 0) return inMessage(message, line)
  const all = message.map((each) => inMessage(each, ""))
  const answers = all.flatMap(({ answers }) => answers)
  const optional = all.flatMap(({ optional }) => optional)
  // Outside of a batch, notifications count as well.
  return hasBatches || answers.length > 0 || optional.length > 0 ? { answers, optional } : answerTo("null")
}

/** What the bytes and a line feed lead to. */
export const expectedOf = (bytes: Buffer, era: Era): Expected => {
  const lines: Array<Buffer> = []
  let start = 0
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  const all = [...lines, bytes.subarray(start)].map((line) => inLine(line, era))
  return { answers: all.flatMap(({ answers }) => answers), optional: all.flatMap(({ optional }) => optional) }
}
