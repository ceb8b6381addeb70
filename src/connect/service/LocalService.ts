/** The background service of opencode 2 of this machine's user, with the checks of the transport `service`. */
import { Clock, Context, Effect, FileSystem, Layer } from "effect"
import { type Announcement, Discovery, type Scan } from "../../discovery/Discovery.ts"
import * as Service from "../../discovery/service/Service.ts"
import { targetOf } from "../../discovery/target.ts"
import { fileStamp } from "../../machine/fileStamp.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import type { Credentials, Target } from "../../opencode/Target.ts"

/**
 * `Running`: the registered process listens at its address, so it may receive its password. `Away`: no service is running.
 * `Refused`: a registration exists that must not be used. opencode must not be started then, because it would use it.
 * `reason` continues after "opencode's service", or after the file's path.
 */
export type ServiceState =
  | {
      readonly _tag: "Running"
      readonly target: Target
      readonly credentials: Credentials
      /** Path of the registration. */
      readonly file: string
    }
  | { readonly _tag: "Away"; readonly reason: string }
  | { readonly _tag: "Refused"; readonly file: string; readonly reason: string }

const isNamedDefault = ({ source }: Announcement) => /\bservice\.json$/u.test(source)

const stateOf = ({ announcements, problems }: Scan): ServiceState => {
  const running = announcements.filter(({ credentials }) => credentials !== undefined)
  // A service of another release channel counts only if the usual one is not running.
  const chosen = running.find(isNamedDefault) ?? running[0]
  if (chosen?.credentials !== undefined) {
    return {
      _tag: "Running",
      target: targetOf(chosen, undefined),
      credentials: chosen.credentials,
      file: chosen.source,
    }
  }
  const [problem] = problems
  if (problem !== undefined) return { _tag: "Refused", file: problem.source, reason: problem.reason }
  return { _tag: "Away", reason: "is not running" }
}

/** Milliseconds. A whole check reads the sockets of the service's process, which takes much longer than a request. */
const checkedFor = 2000

/**
 * Repeats a check only if the registration has changed, its process has ended, or the last check is older than
 * {@link checkedFor}.
 */
const rememberRunning = Effect.fnUntraced(function* (check: Effect.Effect<ServiceState>) {
  const fs = yield* FileSystem.FileSystem
  const { isAlive } = yield* LocalMachine
  let last: { readonly state: ServiceState; readonly stamp: string; readonly at: number } | undefined

  /** Differs after each change, because opencode replaces the file. Undefined without a file. */
  const stampOf = (file: string) => Effect.orElseSucceed(Effect.map(fs.stat(file), fileStamp), () => undefined)
  const isCurrent = Effect.fnUntraced(function* ({ at, stamp, state }: NonNullable<typeof last>) {
    if (state._tag !== "Running" || (yield* Clock.currentTimeMillis) - at >= checkedFor) return false
    const { listener } = state.target
    return listener !== undefined && isAlive(listener.pid, listener.birth) && (yield* stampOf(state.file)) === stamp
  })

  return Effect.gen(function* () {
    if (last !== undefined && (yield* isCurrent(last))) return last.state
    const at = yield* Clock.currentTimeMillis
    // Read before the check, so that a file that is replaced meanwhile is checked again.
    const before = last?.state._tag === "Running" ? yield* stampOf(last.state.file) : undefined
    const state = yield* check
    last = state._tag === "Running" ? { state, stamp: before ?? (yield* stampOf(state.file)) ?? "", at } : undefined
    return state
  })
})

export class LocalService extends Context.Service<
  LocalService,
  {
    /** Reads and checks the registration, unless that was done a moment ago and nothing has changed. */
    readonly state: Effect.Effect<ServiceState>
  }
>()("opencode-fleet/connect/LocalService") {
  /** Over the `Discovery` of services. */
  static readonly layerNoDeps = Layer.effect(
    LocalService,
    Effect.gen(function* () {
      const { scan } = yield* Discovery
      return LocalService.of({ state: yield* rememberRunning(Effect.map(scan, stateOf)) })
    }),
  )

  /** Without a home directory, there are no registrations. */
  static readonly layerWithoutHome = Layer.succeed(LocalService, {
    state: Effect.succeed<ServiceState>({ _tag: "Away", reason: "cannot be found without a home directory" }),
  })

  /** Over the registrations in this directory. */
  static readonly layer = (options: Service.ServiceOptions) =>
    Layer.provide(LocalService.layerNoDeps, Service.layer(options))
}
