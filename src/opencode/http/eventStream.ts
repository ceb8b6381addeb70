/** Event streams of both versions: how one is asked for and recognised, and its frames. */
import { Effect, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { Sse } from "effect/encoding"
import type { HttpClientRequest } from "effect/http"
import type { IncomingMessage } from "node:http"
import { parseJson } from "./parseJson.ts"

const mediaType = "text/event-stream"

/** Tells the transport to leave the answer open if it is an event stream. Any other answer is read to its end. */
export const eventsAccepted = { accept: mediaType }

export const asksForEvents = ({ headers }: HttpClientRequest.HttpClientRequest): boolean => headers.accept === mediaType

export const isEventStream = ({ headers }: Pick<IncomingMessage, "headers">): boolean =>
  headers["content-type"]?.startsWith(mediaType) === true

/** Characters. An event holds at most one part of a message, such as the output of a tool or an image. */
const maxEventSize = 32 * 1024 * 1024

/** Stands for a chunk that ends no event, such as a comment: opencode 2 sends its heartbeats as comments. */
export const signOfLife: unknown = {}

/** No frame for an event that is no JSON. */
const readFrame = (data: string): Effect.Effect<ReadonlyArray<unknown>> =>
  Effect.matchEffect(parseJson(data), {
    onFailure: () => Effect.as(Effect.logDebug("an event is not JSON"), []),
    onSuccess: (frame) => Effect.succeed([frame]),
  })

/**
 * The JSON of each event, and {@link signOfLife}. Comments, `id:` and `retry:` lines, and events that are no JSON do not end
 * the stream. It fails with an event that exceeds 32 MiB.
 */
export const eventFrames = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
): Stream.Stream<unknown, E | Sse.SseError, R> =>
  Stream.suspend(() => {
    const received: Array<string> = []
    const parser = Sse.makeParser(
      (event) => {
        if (event._tag === "Event") received.push(event.data)
      },
      { maxEventSize },
    )
    return bytes.pipe(
      Stream.decodeText,
      Stream.mapArrayEffect((texts): Effect.Effect<NonEmptyReadonlyArray<unknown>, Sse.SseError> => {
        for (const text of texts) {
          const error = parser.feed(text)
          if (error !== undefined) return Effect.fail(error)
        }
        return Effect.map(Effect.forEach(received.splice(0), readFrame), (frames) => {
          const [first = signOfLife, ...others] = frames.flat()
          return [first, ...others]
        })
      }),
    )
  })
