/** Announces opencode 2's background service in a database. */
import { Effect, Queue, Schedule } from "effect"
import { instanceName } from "../../discovery/instanceName.ts"
import { servicePrefix } from "../../discovery/postgres/InstanceRow.ts"
import { type AnnouncedInstance, announceInstance } from "../../discovery/postgres/announceInstance.ts"
import { failureText } from "../../machine/fileError.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { machineId } from "../../machine/machineId.ts"
import type { MembershipOptions, Registry } from "../join.ts"
import { line } from "../../text/plainText.ts"
import { LocalService } from "./LocalService.ts"
import { leaseFile, takeLease } from "./serviceLease.ts"

/** The id of a user's service on a machine, in the database and on relays. */
export const serviceId = (machine: string) => `${servicePrefix}${machine}`

/** While the service is not running, its row has no heartbeat and becomes silent. It may come back at another port. */
const keepRow = Effect.fnUntraced(function* (
  registry: Registry,
  machine: string,
  named: Pick<AnnouncedInstance, "name" | "host">,
) {
  const { state } = yield* LocalService
  const away = yield* Queue.sliding<void>(1)
  const current = Effect.flatMap(state, (now) =>
    now._tag === "Running"
      ? Effect.succeed<AnnouncedInstance>({ ...named, machine, localUrl: now.target.url, url: registry.url, api: 2 })
      : Effect.as(Queue.offer(away, undefined), undefined),
  )
  const { update } = yield* announceInstance(registry.database, serviceId(machine), current)
  // Afterwards each heartbeat reads its state, which costs more than a request.
  return yield* state.pipe(
    Effect.repeat({ until: ({ _tag }) => _tag === "Running", schedule: Schedule.spaced("2 seconds") }),
    Effect.andThen(Queue.clear(away)),
    Effect.andThen(update),
    Effect.andThen(Queue.take(away)),
    Effect.forever,
  )
})

/**
 * Keeps the row until the scope closes. All `connect` processes of a user share the service, and one of them announces it, under
 * its name. When it ends, another one does.
 */
export const announceService = Effect.fnUntraced(function* ({
  connect,
  name,
  registry,
  stateDirectory,
}: Pick<MembershipOptions, "name" | "stateDirectory" | "connect"> & { readonly registry: Registry }) {
  const { hostname } = yield* LocalMachine
  const machine = yield* machineId(stateDirectory)
  const named = { name: instanceName(name, hostname, ""), host: hostname }
  const lease = takeLease({
    stateDirectory,
    kind: "registries",
    // One for all names, because the service has one row.
    file: leaseFile("service", registry.database.address),
    holder: { name: named.name, pid: connect?.pid ?? process.pid, log: connect?.log ?? "" },
    onWait: (other) =>
      other === undefined || other.name === named.name
        ? Effect.logInfo(
            "another `connect` of this machine announces the service in this database; waiting until it ends",
          )
        : Effect.logWarning(
            `opencode's service is announced as ${line(other.name)} by another \`connect\` of this machine (process ${other.pid}); it is announced as ${named.name} when that one ends`,
          ),
  }).pipe(
    Effect.catch((error) =>
      Effect.logWarning(
        `each \`connect\` announces the service under its own name, because nothing can be stored: ${failureText(error)}`,
      ),
    ),
  )
  yield* Effect.forkScoped(Effect.andThen(lease, keepRow(registry, machine, named)))
})
