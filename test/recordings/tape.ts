/** Records opencode's events. It does not use the decoding in `src/`, because the log tests that. */
import { Deferred, Effect, Fiber, Ref, Schedule, Schema, Stream } from "effect"
import type { HttpClient } from "effect/http"
import type { OpencodeServer } from "../support/OpencodeServer.ts"

const LostOrRestored = Schema.Struct({ connection: Schema.Literals(["lost", "restored"]) })

/** A change of the connection. */
type Connection = typeof LostOrRestored.Type
const isConnection = Schema.is(LostOrRestored)

/** Longer than opencode 2 tries a failing provider, which takes it up to 90 seconds. */
const longest = "150 seconds"

export const eventually = Schedule.spaced("20 millis")

interface Source<Frame> {
  readonly path: string
  readonly decode: (text: string) => Effect.Effect<Frame, Schema.SchemaError>
  readonly type: (frame: Frame) => string
  /** Whether the frame is recorded. */
  readonly isKept: (frame: Frame) => boolean
}

/** Starts to record, until the scope closes. */
export const openTape = Effect.fnUntraced(function* <Frame extends object>(
  client: HttpClient.HttpClient,
  opencode: Pick<OpencodeServer, "kill" | "restart">,
  { decode, isKept, path, type }: Source<Frame>,
) {
  const scope = yield* Effect.scope
  const log = yield* Ref.make<ReadonlyArray<Frame | Connection>>([])
  const note = (entry: Frame | Connection) => Ref.update(log, (before) => [...before, entry])

  const listen = Effect.gen(function* () {
    const connected = yield* Deferred.make<void>()
    const response = yield* client.get(path)
    const fiber = yield* response.stream.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter((line) => line.startsWith("data: ")),
      Stream.mapEffect((line) => decode(line.slice("data: ".length))),
      Stream.tap((frame) =>
        type(frame) === "server.connected" ? Deferred.succeed(connected, undefined) : Effect.void,
      ),
      Stream.filter(isKept),
      Stream.runForEach(note),
      Effect.catchTag("HttpClientError", () => Effect.void),
      Effect.tapCause(Effect.logError),
      Effect.forkIn(scope),
    )
    // opencode reports the connection some milliseconds before it starts to pass on events.
    yield* Deferred.await(connected)
    yield* Effect.sleep("500 millis")
    return fiber
  })
  const listener = yield* Ref.make(yield* listen)

  return {
    log: Ref.get(log),
    /** Waits for the first frame that passes. */
    seen: (passes: (frame: Frame) => boolean) =>
      Ref.get(log).pipe(
        Effect.repeat({
          until: (entries) => entries.some((entry) => !isConnection(entry) && passes(entry)),
          schedule: eventually,
        }),
        Effect.timeout(longest),
      ),
    /** Waits until no event has arrived for a while. */
    quiet: Effect.gen(function* () {
      const before = (yield* Ref.get(log)).length
      yield* Effect.sleep("600 millis")
      return (yield* Ref.get(log)).length === before
    }).pipe(Effect.repeat({ until: (same) => same }), Effect.timeout(longest)),
    /** Kills opencode and starts it again, then continues recording. */
    restart: Effect.gen(function* () {
      yield* opencode.kill
      yield* Fiber.join(yield* Ref.get(listener))
      yield* note({ connection: "lost" })
      yield* opencode.restart
      yield* Ref.set(listener, yield* listen)
      yield* note({ connection: "restored" })
    }),
  }
})
