/** Starts opencode 2's background service unless it is running. It is never stopped or restarted. */
import { Effect, Schedule, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { isAway } from "../../opencode/transient.ts"
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

/** The password of the fleet, which the service and the commands that its agents run have no use for. */
export const withoutPassword = { OPENCODE_SERVER_PASSWORD: undefined }

/** Runs `opencode service start` and returns its output. */
const start = ChildProcess.make("opencode", ["service", "start"], {
  stdin: "ignore",
  forceKillAfter: "2 seconds",
  extendEnv: true,
  env: withoutPassword,
}).pipe(
  Effect.mapError(notStarted),
  Effect.flatMap(({ all }) => Stream.mkString(Stream.decodeText(all)).pipe(Effect.orElseSucceed(() => ""))),
  Effect.scoped,
  Effect.timeoutOrElse({
    duration: startTimeout,
    orElse: () => new ServiceNotStarted({ detail: `\`opencode service start\` did not end within ${startTimeout}` }),
  }),
)

const refused = ({ file, reason }: Extract<ServiceState, { _tag: "Refused" }>) => new ServiceRefused({ file, reason })

/** Succeeds when the service is ready. */
export const ensureService = Effect.gen(function* () {
  const local = yield* LocalService
  const client = yield* OpencodeClient

  const running = Effect.gen(function* () {
    const state = yield* local.state
    if (state._tag === "Running") return state
    if (state._tag === "Refused") return yield* refused(state)
    const output = yield* start
    const started = yield* local.state
    if (started._tag === "Running") return started
    if (started._tag === "Refused") return yield* refused(started)
    return yield* new ServiceNotStarted({ detail: line(output) })
  })
  const { target } = yield* running
  yield* client
    .at(target)
    .health(3000)
    .pipe(
      Effect.retry({ schedule: Schedule.spaced("500 millis"), while: isAway }),
      Effect.timeoutOrElse({
        duration: readyTimeout,
        orElse: () => new ServiceFailed({ detail: `it was not ready within ${readyTimeout}` }),
      }),
      Effect.catch((error) =>
        error._tag === "ServiceFailed" ? Effect.fail(error) : new ServiceFailed({ detail: error.message }),
      ),
    )
})
