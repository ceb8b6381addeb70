/** Probes an instance, and classifies the result as one of five states. */
import { Clock, Context, Duration, Effect, Layer } from "effect"
import { OpencodeClient } from "../opencode/Opencode.ts"
import { line } from "../text/plainText.ts"
import type { Credentials } from "../opencode/Target.ts"
import { defaultProbeTimeout } from "../discovery/defaults.ts"
import type { Announcement } from "../discovery/Discovery.ts"
import { hasExited } from "../discovery/hasExited.ts"
import { withoutSecrets } from "../discovery/vouched.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { RefusedSecrets } from "../discovery/secrets/RefusedSecrets.ts"
import { authorizationOf, exitedHealth, reasonOf, stateOf } from "./healthReason.ts"
import { makeServerIdentity, otherApi } from "./serverIdentity.ts"
import type { Health, HealthState } from "./Instance.ts"
import { tooOld } from "./tooOld.ts"
import { targetOf } from "../discovery/target.ts"

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
    /**
     * Asks once for the server's health, which may take `probeTimeout`, and compares the server with the announcement. It is
     * not retried. A server whose announced process has exited is asked without any secret.
     */
    readonly probe: (announcement: Announcement) => Effect.Effect<Health>
  }
>()("opencode-fleet/fleet/HealthCheck") {
  static readonly layer = ({ credentials, probeTimeout = defaultProbeTimeout }: HealthCheckOptions = {}) =>
    Layer.effect(
      HealthCheck,
      Effect.gen(function* () {
        const client = yield* OpencodeClient
        const refused = yield* RefusedSecrets
        const machine = yield* LocalMachine
        const identityProblem = yield* makeServerIdentity

        /** The instance's own secrets are looked up again. */
        const noteRefusal = ({ credentials, headers = {} }: Announcement) =>
          Effect.sync(() => {
            if (credentials !== undefined) refused.add(credentials.password)
            for (const value of Object.values(headers)) refused.add(value)
          })

        const probe = Effect.fnUntraced(function* (announcement: Announcement) {
          const before = yield* Clock.currentTimeMillis
          if (announcement.unreachable !== undefined) return notOnline("unreachable", announcement.unreachable, before)
          const timeout = Duration.toMillis(probeTimeout)
          const exited = hasExited(machine)(announcement)
          const opencode = client.at(targetOf(exited ? withoutSecrets(announcement) : announcement, credentials))
          const answer = yield* Effect.result(opencode.health(timeout))
          const checkedAt = yield* Clock.currentTimeMillis
          if (answer._tag === "Failure") {
            const { failure } = answer
            const other = yield* otherApi(announcement, failure, client, timeout)
            if (other !== undefined)
              return { ...notOnline("unhealthy", other, yield* Clock.currentTimeMillis), replaced: true }
            const old = announcement.api === 2 ? undefined : yield* tooOld(failure, opencode, timeout)
            if (old !== undefined)
              return { ...notOnline("unhealthy", old, yield* Clock.currentTimeMillis), tooOld: true }
            if (failure._tag === "Unauthorized") yield* noteRefusal(announcement)
            const hasPassword = (announcement.credentials ?? credentials) !== undefined
            return {
              ...notOnline(stateOf(failure), reasonOf(failure, announcement, hasPassword), checkedAt),
              ...authorizationOf(failure, hasPassword),
              ...(hasExited(machine)(announcement) ? exitedHealth(failure, announcement) : {}),
            }
          }
          const { api, healthy, reason, starting = false, version } = answer.success
          if (!healthy) {
            const cause = reason === undefined ? "reports that it is not healthy" : `could not start: ${reason}`
            const why = starting ? "is starting" : cause
            return { ...notOnline("unhealthy", why, checkedAt), api, version: line(version, 50), starting }
          }
          const other = yield* identityProblem(announcement, exited, answer.success, opencode.location(timeout))
          if (other !== undefined) {
            return { ...notOnline("unhealthy", other, checkedAt), api, version: line(version, 50), replaced: true }
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
