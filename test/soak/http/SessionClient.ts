/** A client of revision 2025-11-25: it has a session, whose streams break and are resumed. */
import { Effect, Random } from "effect"
import { nothingArrived } from "./exchange.ts"
import { outcomeOf, type Send } from "./Sender.ts"

const revision = "2025-11-25"

/** Of the streams of calls, those that resume one included. */
const cutRate = 0.25

const cutAfter = Effect.gen(function* () {
  return (yield* Random.next) < cutRate ? yield* Random.nextIntBetween(0, 1500) : undefined
})

/** How long nothing may come of a stream that is resumed. */
const answeredWithin = "90 seconds"

export const openSession = Effect.fnUntraced(function* (send: Send) {
  let lastId = 0
  const clientInfo = { name: "soak", version: "1" }
  const opened = yield* send({
    body: { id: lastId, method: "initialize", params: { protocolVersion: revision, capabilities: {}, clientInfo } },
  })
  const headers = { "mcp-session-id": opened.session ?? "none", "mcp-protocol-version": revision }
  yield* send({ headers, body: { method: "notifications/initialized" } })

  /** Resumes the stream until it has brought the answer. */
  const resume = Effect.fnUntraced(function* (id: number, from: string) {
    let lastEventId = from
    while (true) {
      const more = yield* send({
        method: "GET",
        headers: { ...headers, "last-event-id": lastEventId },
        cutAfter: yield* cutAfter,
      })
      if (more.answer?.["id"] === id || (more.status !== 200 && more.status !== undefined)) return more
      lastEventId = more.lastEventId ?? lastEventId
    }
  })

  return {
    call: Effect.fnUntraced(function* (name: string, args: object) {
      const id = ++lastId
      const body = { id, method: "tools/call", params: { name, arguments: args } }
      const arrived = yield* send({ headers, body, cutAfter: yield* cutAfter })
      if (arrived.answer !== undefined) return outcomeOf(arrived)
      // Some clients send the request again. Here those do whose stream cannot be resumed.
      if (arrived.lastEventId === undefined) return outcomeOf(yield* send({ headers, body }))
      const resumed = resume(id, arrived.lastEventId)
      return outcomeOf(
        yield* Effect.timeoutOrElse(resumed, {
          duration: answeredWithin,
          orElse: () => Effect.succeed({ ...nothingArrived(), text: "a resumed stream brought no answer" }),
        }),
      )
    }),
    /** Opens the stream for what the server sends by itself, and cuts it. */
    watch: (milliseconds: number) => send({ method: "GET", headers, cutAfter: milliseconds }),
    close: send({ method: "DELETE", headers }),
  }
})
