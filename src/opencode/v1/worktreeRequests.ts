/** Creates worktrees. opencode 1 answers before their files are there, and reports those with an event. */
import { type Cause, Effect, Option, Queue, Schema, Stream } from "effect"
import { type ClientError, OpencodeError } from "../errors.ts"
import { eventFrames } from "../http/eventStream.ts"
import type { Call } from "../http/makeCall.ts"
import type { Capabilities, Opencode } from "../Opencode.ts"
import { mayHaveArrived } from "../transient.ts"
import { uncertain } from "../uncertain.ts"
import type { Routes } from "./routes.ts"

/** Milliseconds. */
const connectTimeout = 3000

const readyTimeout = "45 seconds"

/** `directory` is that of the worktree. */
const Frame = Schema.Struct({
  directory: Schema.optionalKey(Schema.String),
  payload: Schema.Union([
    Schema.Struct({ type: Schema.Literals(["server.connected", "worktree.ready"]) }),
    Schema.Struct({ type: Schema.Literal("worktree.failed"), properties: Schema.Struct({ message: Schema.String }) }),
  ]),
})

const decodeFrame = Schema.decodeUnknownOption(Frame)

export const worktreeRequests = (
  { api: { server: api }, events }: Routes,
  call: Call,
  instance: string,
  { eventsSettleAfter }: Pick<Capabilities, "eventsSettleAfter">,
) => {
  const failed = (detail: string) => new OpencodeError({ instance, operation: "create worktree", status: 400, detail })

  /** Versions without worktrees pass the request on to opencode's web site. */
  const create = (directory: string, name: string) =>
    api.createWorktree({ query: { directory }, payload: { name } }).pipe(
      call("create worktree"),
      Effect.catchIf(
        (error) => error._tag === "UnexpectedResponse" && error.status === 200,
        () => failed("this version of opencode 1 has no worktrees"),
      ),
      Effect.catchIf(mayHaveArrived, (error) => uncertain("worktree", "", error)),
    )

  /** The reports of the server from now on. The queue ends with the connection. */
  const reports = Effect.gen(function* () {
    const queue = yield* Queue.unbounded<typeof Frame.Type, Cause.Done>()
    const { stream } = yield* events({ responseMode: "response-only" }).pipe(
      call("events", { timeout: connectTimeout }),
    )
    yield* eventFrames(stream).pipe(
      Stream.runForEach((frame) =>
        Option.match(decodeFrame(frame), { onNone: () => Effect.void, onSome: (known) => Queue.offer(queue, known) }),
      ),
      Effect.ignore,
      Effect.ensuring(Queue.end(queue)),
      Effect.forkScoped,
    )
    return queue
  })

  return {
    createWorktree: Effect.fnUntraced(function* (directory, name): Effect.fn.Return<string, ClientError, never> {
      return yield* Effect.scoped(
        Effect.gen(function* () {
          const queue = yield* reports
          yield* Effect.sleep(eventsSettleAfter)
          const made = yield* create(directory, name)
          const settled = Effect.gen(function* () {
            while (true) {
              const { directory, payload } = yield* Queue.take(queue)
              if (directory !== made.directory) continue
              if (payload.type === "worktree.ready") return made.directory
              if (payload.type === "worktree.failed") {
                return yield* failed(`${payload.properties.message} (${made.directory} may be left behind)`)
              }
            }
          })
          const unknown = failed(`${made.directory} was created, but opencode does not report that its files are there`)
          return yield* settled.pipe(
            Effect.timeoutOrElse({ duration: readyTimeout, orElse: () => unknown }),
            Effect.catchTag("Done", () => unknown),
          )
        }),
      )
    }),
  } satisfies Partial<Opencode>
}
