/** list_instances and refresh_instances. */
import { Array, Clock, Effect } from "effect"
import { line } from "../PlainText.ts"
import { Fleet, type Snapshot } from "../fleet/Fleet.ts"
import type { HealthState, Instance } from "../fleet/Instance.ts"
import { Settings } from "../Settings.ts"
import type { FleetView, InstanceView } from "./InstanceTools.ts"
import { InstanceTools } from "./InstanceTools.ts"
import { age, iso } from "./render/time.ts"

const shownByDefault = 50
const mostProblems = 20

/** Those that can be worked with come first, then those that a person can bring back. */
const rank: Readonly<Record<HealthState, number>> = {
  online: 0,
  unauthorized: 1,
  unhealthy: 2,
  timeout: 3,
  unreachable: 4,
}

const view = (now: number, { health, ...instance }: Instance): InstanceView => ({
  name: instance.name,
  health: health.state,
  reason: health.reason,
  ...(health.version === undefined ? {} : { version: health.version }),
  ...(health.latency === undefined ? {} : { latency_ms: health.latency }),
  host: instance.host,
  url: instance.url,
  ...(instance.directory === undefined ? {} : { directory: instance.directory }),
  transport: instance.transport,
  ...(instance.lastSeen === undefined ? {} : { last_seen: iso(instance.lastSeen), age: age(now, instance.lastSeen) }),
})

export const instanceHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const { relayDirectory } = yield* Settings

  const hint = `No instance is registered. Start one with \`opencode serve --port 4096\` and put {"name": "my-project", "port": 4096} into a file such as ${relayDirectory}/my-project.json`

  const show = (
    { instances, problems, refreshedAt }: Snapshot,
    { limit = shownByDefault, search = "" }: { readonly search?: string; readonly limit?: number },
  ) =>
    Effect.map(Clock.currentTimeMillis, (now): FleetView => {
      const folded = search.trim().toLowerCase()
      const found = instances.filter(({ directory = "", host, name }) =>
        [name, host, directory].some((text) => text.toLowerCase().includes(folded)),
      )
      return {
        counts: Object.fromEntries(
          Object.entries(Array.groupBy(instances, ({ health }) => health.state)).map(([state, all]) => [
            state,
            all.length,
          ]),
        ),
        matching: found.length,
        instances: found
          .toSorted((one, other) => rank[one.health.state] - rank[other.health.state])
          .slice(0, limit)
          .map((instance) => view(now, instance)),
        problem_count: problems.length,
        problems: problems
          .slice(0, mostProblems)
          .map(({ reason, source }) => ({ source: line(source), reason: line(reason) })),
        refreshed: iso(refreshedAt),
        ...(instances.length === 0 ? { hint } : {}),
      }
    })

  return InstanceTools.of({
    list_instances: (parameters) => Effect.flatMap(fleet.snapshot, (snapshot) => show(snapshot, parameters)),
    refresh_instances: () => Effect.flatMap(fleet.refresh, (snapshot) => show(snapshot, {})),
  })
})
