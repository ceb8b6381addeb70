/** One HTTP request of an MCP client, whose answer is JSON or a stream of messages that can be cut. */
import { Effect } from "effect"
import { Sse } from "effect/encoding"
import { isObject } from "../../../src/mcp/wire/json.ts"

type Headers = Readonly<Record<string, string>>

export interface HttpRequest {
  readonly url: string
  readonly method: "GET" | "POST" | "DELETE"
  readonly headers: Headers
  readonly body?: object | undefined
}

/** What has arrived so far. Filled in while the answer is read, so it can be looked at after a cut. */
export interface Arrived {
  status: number | undefined
  session: string | undefined
  /** The id of the last event, from which the stream can be resumed. */
  lastEventId: string | undefined
  /** The answer: of a stream the first message that has one, otherwise the whole body. */
  answer: Readonly<Record<string, unknown>> | undefined
  /** Of an answer that is no JSON. */
  text: string
}

export const nothingArrived = (): Arrived => ({
  status: undefined,
  session: undefined,
  lastEventId: undefined,
  answer: undefined,
  text: "",
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isAnswer = (message: unknown): message is Readonly<Record<string, unknown>> =>
  isObject(message) && ("result" in message || "error" in message)

/** Ends with the answer, or with the end of the stream. An interruption cuts the connection. */
export const exchange = ({ body, headers, method, url }: HttpRequest, arrived: Arrived) =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(url, {
      method,
      signal,
      headers: {
        accept: method === "GET" ? "text/event-stream" : "application/json, text/event-stream",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify({ jsonrpc: "2.0", ...body }) }),
    })
    arrived.status = response.status
    arrived.session = response.headers.get("mcp-session-id") ?? arrived.session
    if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true || response.body === null) {
      arrived.text = await response.text()
      const answer = parse(arrived.text)
      if (isAnswer(answer)) arrived.answer = answer
      return
    }
    const parser = Sse.makeParser((event) => {
      if (event._tag !== "Event") return
      arrived.lastEventId = event.id ?? arrived.lastEventId
      const message = parse(event.data)
      if (isAnswer(message)) arrived.answer = message
    })
    const decoder = new TextDecoder()
    for await (const chunk of response.body) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      if (arrived.answer !== undefined && method === "POST") return
    }
  }).pipe(
    Effect.catch((error) => Effect.sync(() => void (arrived.text ||= `the connection broke: ${String(error.cause)}`))),
  )
