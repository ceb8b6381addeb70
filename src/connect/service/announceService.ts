/** Announces opencode 2's background service in a database. */
import { Effect, Schedule } from "effect"
import { instanceName } from "../../discovery/instanceName.ts"
import { type AnnouncedInstance, announceInstance } from "../../discovery/postgres/announceInstance.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { machineId } from "../../machine/machineId.ts"
import type { MembershipOptions, Registry } from "../join.ts"
import { LocalService } from "./LocalService.ts"

/** The id of a user's service on a machine, in the database and on relays. */
export const serviceId = (machine: string) => `service-${machine}`

/**
 * Keeps the row until the scope closes. All `connect` processes of a user share it, as they share the service: if one that ends
 * removes it, another writes it again. The service may be started again at another port.
 */
export const announceService = Effect.fnUntraced(function* ({
  name,
  registry,
  stateDirectory,
}: Pick<MembershipOptions, "name" | "stateDirectory"> & { readonly registry: Registry }) {
  const { hostname } = yield* LocalMachine
  const machine = yield* machineId(stateDirectory)
  const { state } = yield* LocalService
  let last: AnnouncedInstance | undefined
  const current = Effect.map(state, (now) => {
    if (now._tag === "Running") {
      last = {
        name: instanceName(name, hostname, ""),
        host: hostname,
        machine,
        localUrl: now.target.url,
        url: registry.url,
        api: 2,
      }
    }
    return last
  })
  const { update } = yield* announceInstance(registry.database, serviceId(machine), current)
  // A service that starts later is announced then. Afterwards each heartbeat reads its state, which costs more than a request.
  yield* state.pipe(
    Effect.repeat({ until: ({ _tag }) => _tag === "Running", schedule: Schedule.spaced("2 seconds") }),
    Effect.andThen(update),
    Effect.forkScoped,
  )
})
