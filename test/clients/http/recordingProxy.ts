/**
 * A proxy between one MCP client and the server over HTTP. It writes down what both say, and can cut all connections, as a
 * network does.
 */
import { Effect, Option, Ref } from "effect"
import { Sse } from "effect/encoding"
import { type ClientRequest, createServer, type IncomingMessage, request as httpRequest } from "node:http"
import { listening } from "../../support/loopback.ts"
import { decodeMessage, exchangesOf, type Message, type Recording, type Said } from "../record/Recording.ts"

/** Messages that share the ids of requests: those of a session, or of one request of a client without sessions. */
interface Conversation {
  id: string
}

interface Heard extends Said {
  readonly in: Conversation
}

const sessionHeader = "mcp-session-id"

const sessionOf = ({ headers }: IncomingMessage) => {
  const id = headers[sessionHeader]
  return typeof id === "string" ? id : undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export interface ProxyOptions {
  /** The server's port on 127.0.0.1. */
  readonly port: number
  /** Whether the client connects without a token at first. */
  readonly logsIn: boolean
  /** Called with each request of the client. */
  readonly onRequest: (message: Message) => void
}

export const makeRecordingProxy = Effect.fnUntraced(function* ({ logsIn, onRequest, port }: ProxyOptions) {
  const heard: Array<Heard> = []
  let requests = 0
  const oddities: Array<string> = []
  const open = new Set<ClientRequest>()
  const cuts = yield* Ref.make(0)

  const note = (conversation: Conversation, from: Said["from"], text: string) => {
    if (text.trim() === "") return
    const body = parsed(text)
    for (const each of Array.isArray(body) ? body : [body]) {
      const message = decodeMessage(each)
      if (Option.isNone(message)) {
        oddities.push(`${from}: ${text.slice(0, 200)}`)
        continue
      }
      heard.push({ from, message: message.value, in: conversation })
      if (from === "client") onRequest(message.value)
    }
  }

  const server = createServer((request, response) => {
    const conversation: Conversation = { id: sessionOf(request) ?? `request ${requests++}` }
    const { headers, method, url } = request
    const isMcp = url?.startsWith("/mcp") === true
    const upstream = httpRequest({ host: "127.0.0.1", port, method, path: url, headers, agent: false })
    open.add(upstream)
    upstream.on("close", () => open.delete(upstream))
    upstream.on("error", () => response.destroy())
    response.on("close", () => upstream.destroy())
    request.on("error", () => upstream.destroy())
    const body: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => body.push(chunk))
    request.on("end", () => note(conversation, "client", Buffer.concat(body).toString("utf8")))
    request.pipe(upstream)
    upstream.on("response", (answer) => {
      const { headers, statusCode: status = 502 } = answer
      conversation.id = sessionOf(answer) ?? conversation.id
      const asksToLogIn = logsIn && status === 401
      if ((status === 401 && !logsIn) || status >= 500) oddities.push(`${method} ${url}: ${status}`)
      response.writeHead(status, headers)
      const isStream = headers["content-type"]?.startsWith("text/event-stream") === true
      const events = Sse.makeParser((event) => {
        if (event._tag === "Event") note(conversation, "server", event.data)
      })
      let whole = ""
      answer.setEncoding("utf8")
      answer.on("data", (chunk: string) => {
        if (isStream) events.feed(chunk)
        else whole += chunk
        response.write(chunk)
      })
      answer.on("end", () => {
        if (isMcp && !asksToLogIn && !isStream && headers["content-type"]?.startsWith("application/json") === true) {
          note(conversation, "server", whole)
        }
        response.end()
      })
      answer.on("error", () => response.destroy())
    })
  })

  const cut = Effect.andThen(
    Effect.sync(() => {
      for (const each of open) each.destroy()
      server.closeAllConnections()
    }),
    Ref.update(cuts, (count) => count + 1),
  )

  const ownPort = yield* listening(server)

  const recording = Effect.sync((): Recording => {
    const ids = [...new Set(heard.map((each) => each.in.id))]
    return {
      exchanges: ids.flatMap((id) => exchangesOf(heard.filter((each) => each.in.id === id))),
      servers: [],
      oddities,
    }
  })
  return { port: ownPort, url: `http://127.0.0.1:${ownPort}/mcp`, recording, cut, cuts: Ref.get(cuts) }
})
