/** The event stream of a fake opencode 2. */
import { type Cause, Effect, Queue, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import type { FakeState } from "../FakeState.ts"
import { makeFrames } from "./frames.ts"

const encoder = new TextEncoder()

/** The answer of `GET /api/event`. It is written as text, because the real one contains comments. */
export const makeEvents = (fake: FakeState) => {
  const queues = new Set<Queue.Queue<unknown, Cause.Done>>()
  const framesOf = makeFrames(fake)
  fake.listeners.add((event) => {
    // Also without a connection, because later frames depend on the earlier ones.
    const frames = framesOf(event)
    for (const queue of queues) Queue.offerAllUnsafe(queue, frames)
  })
  return Effect.gen(function* () {
    const queue = yield* Queue.unbounded<unknown, Cause.Done>()
    const end = () => Queue.endUnsafe(queue)
    queues.add(queue)
    fake.connections.add(end)
    Queue.offerUnsafe(queue, { id: "evt_connected", type: "server.connected", data: {} })
    const heartbeats = Stream.tick("15 seconds").pipe(
      Stream.filter(() => fake.heartbeats),
      Stream.map(() => ": heartbeat\n\n"),
    )
    const body = Stream.fromQueue(queue).pipe(
      Stream.map((frame) => `data: ${JSON.stringify(frame)}\n\n`),
      Stream.merge(heartbeats, { haltStrategy: "left" }),
      Stream.map((text) => encoder.encode(text)),
      Stream.ensuring(
        Effect.sync(() => {
          queues.delete(queue)
          fake.connections.delete(end)
        }),
      ),
    )
    return HttpServerResponse.stream(body, { contentType: "text/event-stream" })
  })
}
