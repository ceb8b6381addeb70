/** Announces opencode 2's background service in a database. */
import { Effect, Schedule } from "effect"
import { instanceName } from "../../discovery/instanceName.ts"
import { announceInstance } from "../../discovery/postgres/announceInstance.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { machineId } from "../../machine/machineId.ts"
import type { MembershipOptions, Registry } from "../join.ts"
import { LocalService } from "./LocalService.ts"

/**
 * Keeps the row until the scope closes. All `connect` processes of a user share it, as they share the service: if one that ends
 * removes it, the next heartbeat of another writes it again.
 */
export const announceService = Effect.fnUntraced(function* ({
  name,
  registry,
  stateDirectory,
}: Pick<MembershipOptions, "name" | "stateDirectory"> & { readonly registry: Registry }) {
  const { hostname } = yield* LocalMachine
  const machine = yield* machineId(stateDirectory)
  const { target } = yield* (yield* LocalService).state.pipe(
    Effect.repeat({ until: ({ _tag }) => _tag === "Running", schedule: Schedule.spaced("2 seconds") }),
    Effect.flatMap((state) => (state._tag === "Running" ? Effect.succeed(state) : Effect.never)),
  )
  yield* announceInstance(registry.database, {
    id: `service-${machine}`,
    name: instanceName(name, hostname, ""),
    host: hostname,
    machine,
    localUrl: target.url,
    url: registry.url,
    api: 2,
  })
})
