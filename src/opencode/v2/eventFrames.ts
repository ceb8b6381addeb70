/** The frames of an event stream. opencode 2 sends its heartbeats as comments, which a decoder of events drops. */
import { Effect, Option, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { MaxResponseBytes } from "../http/MaxResponseBytes.ts"

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

/** The JSON of each event. A chunk that ends no event, such as a comment, becomes an empty object. */
export const eventFrames = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
): Stream.Stream<unknown, E | Sse.SseError, R> =>
  Stream.unwrap(
    Effect.map(MaxResponseBytes, (maxEventSize) => {
      const frames: Array<unknown> = []
      const parser = Sse.makeParser(
        (event) => {
          if (event._tag === "Event") frames.push(Option.getOrElse(decodeJson(event.data), () => ({})))
        },
        { maxEventSize },
      )
      return bytes.pipe(
        Stream.decodeText,
        Stream.mapEffect((text) => {
          const error = parser.feed(text)
          if (error !== undefined) return Effect.fail(error)
          return Effect.succeed(frames.length === 0 ? [{}] : frames.splice(0))
        }),
        Stream.flattenIterable,
      )
    }),
  )
