/** Probes an instance, and classifies the result as one of five states. */
import { Clock, Context, Duration, Effect, Layer } from "effect"
import { type ClientError, processExited } from "../opencode/errors.ts"
import { OpencodeClient } from "../opencode/Opencode.ts"
import { line } from "../text/plainText.ts"
import type { Credentials } from "../opencode/Target.ts"
import { defaultProbeTimeout } from "../discovery/defaults.ts"
import type { Announcement } from "../discovery/Discovery.ts"
import { RefusedSecrets } from "../discovery/secrets/RefusedSecrets.ts"
import type { Health, HealthState } from "./Instance.ts"
import { targetOf } from "../discovery/target.ts"

const stateOf = (error: ClientError): HealthState => {
  switch (error._tag) {
    case "RequestTimeout":
      return "timeout"
    case "InstanceUnreachable":
      return "unreachable"
    case "Unauthorized":
      return "unauthorized"
    default:
      return "unhealthy"
  }
}

const authorizationOf = (error: ClientError, hasPassword: boolean): Pick<Health, "authorization"> => {
  if (error._tag !== "Unauthorized") return {}
  if (error.withheld !== undefined) return { authorization: "withheld" }
  return { authorization: hasPassword ? "rejected" : "missing" }
}

const reasonOf = (
  error: ClientError,
  hasPassword: boolean,
  { api, passwordWithheld: withheld }: Announcement,
): string => {
  switch (error._tag) {
    case "RequestTimeout":
      return `accepted the connection but did not answer within ${error.seconds} s; it may be starting or stuck`
    case "InstanceUnreachable":
      if (error.detail === processExited) {
        return api === 2 ? `${processExited}; opencode starts it again when it is used there` : processExited
      }
      return `nothing answers there (${error.detail}); opencode or the tunnel to it may be down, or the machine asleep`
    case "Unauthorized":
      if (error.withheld !== undefined) return `asks for a password, which is not sent there: ${error.withheld}`
      return hasPassword
        ? "refuses the password or user name"
        : `asks for a password, and none is set${withheld === undefined ? "" : `. None is sent there yet: ${withheld}`}`
    case "UnexpectedResponse":
      return `answers, but not as opencode does: ${error.detail}`
    default:
      return error.message
  }
}

const notOnline = (state: HealthState, reason: string, checkedAt: number): Health => ({
  state,
  version: undefined,
  latency: undefined,
  reason: line(reason),
  checkedAt,
})

export interface HealthCheckOptions {
  /** Timeout of one probe. Default: 3 s. */
  readonly probeTimeout?: Duration.Input | undefined
  /** Sent to every trusted instance. Default: none. */
  readonly credentials?: Credentials | undefined
}

export class HealthCheck extends Context.Service<
  HealthCheck,
  {
    /** Sends one `GET /global/health`, which may take `probeTimeout`. It is not retried. */
    readonly probe: (announcement: Announcement) => Effect.Effect<Health>
  }
>()("opencode-fleet/fleet/HealthCheck") {
  static readonly layer = ({ credentials, probeTimeout = defaultProbeTimeout }: HealthCheckOptions = {}) =>
    Layer.effect(
      HealthCheck,
      Effect.gen(function* () {
        const client = yield* OpencodeClient
        const refused = yield* RefusedSecrets

        /** The instance's own secrets are looked up again. */
        const noteRefusal = ({ credentials, headers = {} }: Announcement) =>
          Effect.sync(() => {
            if (credentials !== undefined) refused.add(credentials.password)
            for (const value of Object.values(headers)) refused.add(value)
          })

        const probe = Effect.fnUntraced(function* (announcement: Announcement) {
          const before = yield* Clock.currentTimeMillis
          const answer = yield* Effect.result(
            client.at(targetOf(announcement, credentials)).health(Duration.toMillis(probeTimeout)),
          )
          const checkedAt = yield* Clock.currentTimeMillis
          if (answer._tag === "Failure") {
            const { failure } = answer
            if (failure._tag === "Unauthorized") yield* noteRefusal(announcement)
            const hasPassword = (announcement.credentials ?? credentials) !== undefined
            return {
              ...notOnline(stateOf(failure), reasonOf(failure, hasPassword, announcement), checkedAt),
              ...authorizationOf(failure, hasPassword),
            }
          }
          const { api, healthy, reason, starting = false, version } = answer.success
          if (starting) return { ...notOnline("unhealthy", "is starting", checkedAt), starting }
          if (!healthy) {
            const why = reason === undefined ? "reports that it is not healthy" : `could not start: ${reason}`
            return notOnline("unhealthy", why, checkedAt)
          }
          return {
            state: "online" as const,
            version: line(version, 50),
            api,
            latency: checkedAt - before,
            reason: "",
            checkedAt,
          }
        })
        return HealthCheck.of({ probe })
      }),
    )
}
