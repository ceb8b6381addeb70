/** Instances that were online and are away for longer than a restart takes. */
import { Clock, type Duration, Effect, FiberMap, Stream } from "effect"
import { Fleet } from "../fleet/Fleet.ts"
import { type Instance, isOnline } from "../fleet/Instance.ts"
import type { FleetEvent } from "./FleetEvent.ts"

interface GoneOptions {
  readonly publish: (event: FleetEvent) => Effect.Effect<void>
  readonly includes: (instance: Instance) => boolean
  readonly goneAfter: Duration.Input
}

/** The server behind an instance, which several instances may lead to. */
const serverOf = ({ host, pid, url }: Instance) => (pid === undefined || host === "" ? url : `${host} ${pid}`)

/** Reports each instance that goes away. One that was away when the fleet was first seen is not reported. */
export const followGone = Effect.fnUntraced(function* ({ goneAfter, includes, publish }: GoneOptions) {
  const fleet = yield* Fleet
  /** By name: a restarted opencode has another URL. */
  const seen = new Map<string, Instance>()
  /** Servers that were reported, until they are back. */
  const reported = new Set<string>()
  const waits = yield* FiberMap.make<string>()

  const confirm = Effect.fnUntraced(function* (instance: Instance) {
    const { name, url } = instance
    yield* fleet.recheck(url)
    const { instances } = yield* fleet.snapshot
    const server = serverOf(instance)
    if (instances.some((one) => isOnline(one) && (one.name === name || serverOf(one) === server))) return
    const now = instances.find((one) => one.name === name)
    seen.delete(name)
    if (reported.has(server)) return
    reported.add(server)
    const at = yield* Clock.currentTimeMillis
    yield* publish({
      kind: "gone",
      key: `gone ${server} ${at}`,
      instance: name,
      url,
      at,
      reason: now === undefined ? "it is no longer announced" : now.health.reason,
    })
  })

  yield* Stream.runForEach(fleet.changes, ({ instances }) =>
    Effect.gen(function* () {
      const online = new Set<string>()
      for (const instance of instances) {
        if (!isOnline(instance) || !includes(instance)) continue
        online.add(instance.name)
        seen.set(instance.name, instance)
        reported.delete(serverOf(instance))
        yield* FiberMap.remove(waits, instance.name)
      }
      for (const [name, instance] of seen) {
        if (online.has(name)) continue
        yield* FiberMap.run(waits, name, Effect.delay(confirm(instance), goneAfter), { onlyIfMissing: true })
      }
    }),
  )
}, Effect.scoped)
