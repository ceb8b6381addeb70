/** Starts opencode 2's background service unless it is running. It is never stopped or restarted. */
import { Effect, Schedule, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { line } from "../../text/plainText.ts"
import { notStarted } from "../OpencodeChild.ts"
import { LocalService, type ServiceState } from "./LocalService.ts"

/** `detail` is opencode's own text. */
export class ServiceNotStarted extends Schema.TaggedError<ServiceNotStarted>()("ServiceNotStarted", {
  detail: Schema.String,
}) {
  override get message() {
    return `opencode's background service could not be started: ${this.detail}`
  }
}

/** There is a registration of a service that must not be used. */
export class ServiceRefused extends Schema.TaggedError<ServiceRefused>()("ServiceRefused", {
  file: Schema.String,
  reason: Schema.String,
}) {
  override get message() {
    return `opencode was not started: ${this.file} ${this.reason}`
  }
}

/** The service is running, but answers with an error. `detail` is opencode's own text, if any. */
export class ServiceFailed extends Schema.TaggedError<ServiceFailed>()("ServiceFailed", { detail: Schema.String }) {
  override get message() {
    return `opencode's background service is running, but does not work: ${this.detail}`
  }
}

export type EnsureServiceError = ServiceNotStarted | ServiceRefused | ServiceFailed

/** `opencode service start` gives up after 2 minutes, and says why. */
const startTimeout = "150 seconds"

/** After its start, the service still answers 503 for a moment. */
const readyTimeout = "30 seconds"

const pollEvery = "200 millis"

/** Milliseconds. */
const probeTimeout = 10_000

/** The password of the fleet, which the service and the commands that its agents run have no use for. */
export const withoutPassword = { OPENCODE_SERVER_PASSWORD: undefined }

/** Runs `opencode service start`. Its exit status is 0 even if it has not waited for the service. */
const start = Effect.gen(function* () {
  const handle = yield* ChildProcess.make("opencode", ["service", "start"], {
    stdin: "ignore",
    forceKillAfter: "2 seconds",
    extendEnv: true,
    env: withoutPassword,
  })
  const output = yield* Stream.mkString(Stream.decodeText(handle.all))
  return { output: line(output), failed: (yield* handle.exitCode) !== 0 }
}).pipe(
  Effect.mapError(notStarted),
  Effect.scoped,
  Effect.timeoutOrElse({
    duration: startTimeout,
    orElse: () => new ServiceNotStarted({ detail: `\`opencode service start\` did not end within ${startTimeout}` }),
  }),
)

const refused = ({ file, reason }: Extract<ServiceState, { readonly _tag: "Refused" }>) =>
  new ServiceRefused({ file, reason })

/** Starts the service unless it is running. */
const running = Effect.gen(function* () {
  const { state } = yield* LocalService
  const before = yield* state
  if (before._tag === "Running") return before
  if (before._tag === "Refused") return yield* refused(before)
  const { failed, output } = yield* start
  if (failed) return yield* new ServiceNotStarted({ detail: output })
  const after = yield* state
  if (after._tag === "Running") return after
  if (after._tag === "Refused") return yield* refused(after)
  return yield* new ServiceNotStarted({ detail: output })
})

/** Starts the service unless it is running, and succeeds when it is ready. */
export const ensureService = Effect.gen(function* () {
  const client = yield* OpencodeClient
  const { target } = yield* running
  const opencode = client.at(target)
  const ready = Effect.gen(function* () {
    const { healthy, reason } = yield* Effect.repeat(opencode.health(probeTimeout), {
      while: ({ healthy, starting }) => !healthy && starting === true,
      schedule: Schedule.spaced(pollEvery),
    })
    if (!healthy) return yield* new ServiceFailed({ detail: reason ?? "it failed to start" })
  })
  yield* ready.pipe(
    Effect.catch((error) =>
      error._tag === "ServiceFailed" ? Effect.fail(error) : new ServiceFailed({ detail: error.message }),
    ),
    Effect.timeoutOrElse({
      duration: readyTimeout,
      orElse: () => new ServiceFailed({ detail: `it was not ready within ${readyTimeout}` }),
    }),
  )
})
