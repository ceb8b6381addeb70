/** The background service of opencode 2 of this machine's user, with the checks of the transport `service`. */
import { Context, Effect, Layer } from "effect"
import { type Announcement, Discovery, type Scan } from "../../discovery/Discovery.ts"
import * as Service from "../../discovery/service/Service.ts"
import { targetOf } from "../../discovery/target.ts"
import type { Credentials, Target } from "../../opencode/Target.ts"

/**
 * `Running`: the registered process listens at its address, so it may receive its password. `Away`: no service is running.
 * `Refused`: a registration exists that must not be used. opencode must not be started then, because it would use it.
 * `reason` continues after "opencode's service", or after the file's path.
 */
export type ServiceState =
  | { readonly _tag: "Running"; readonly target: Target; readonly credentials: Credentials }
  | { readonly _tag: "Away"; readonly reason: string }
  | { readonly _tag: "Refused"; readonly file: string; readonly reason: string }

const isNamedDefault = ({ source }: Announcement) => /\bservice\.json$/u.test(source)

const stateOf = ({ announcements, problems }: Scan): ServiceState => {
  const running = announcements.filter(({ credentials }) => credentials !== undefined)
  // A service of another release channel counts only if the usual one is not running.
  const chosen = running.find(isNamedDefault) ?? running[0]
  if (chosen?.credentials !== undefined) {
    return { _tag: "Running", target: targetOf(chosen, undefined), credentials: chosen.credentials }
  }
  const [problem] = problems
  if (problem !== undefined) return { _tag: "Refused", file: problem.source, reason: problem.reason }
  return { _tag: "Away", reason: "is not running" }
}

export class LocalService extends Context.Service<
  LocalService,
  {
    /** Reads the registration and checks it, each time. */
    readonly state: Effect.Effect<ServiceState>
  }
>()("opencode-fleet/connect/LocalService") {
  /** Over the `Discovery` of services. */
  static readonly layerNoDeps = Layer.effect(
    LocalService,
    Effect.map(Discovery, ({ scan }) => LocalService.of({ state: Effect.map(scan, stateOf) })),
  )

  /** Without a home directory, there are no registrations. */
  static readonly layerWithoutHome = Layer.succeed(LocalService, {
    state: Effect.succeed<ServiceState>({ _tag: "Away", reason: "cannot be found without a home directory" }),
  })

  /** Over the registrations in this directory. */
  static readonly layer = (options: Service.ServiceOptions) =>
    Layer.provide(LocalService.layerNoDeps, Service.layer(options))
}
