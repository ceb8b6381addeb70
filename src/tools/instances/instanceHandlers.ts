/** list_instances and refresh_instances. */
import { Array, Clock, Effect, HashMap, Option } from "effect"
import { line } from "../../text/plainText.ts"
import { Attention, type Look, type Looks } from "../../fleet/attention/Attention.ts"
import type { Problem, TransportReport } from "../../discovery/Discovery.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Snapshot } from "../../fleet/Snapshot.ts"
import type { HealthState, Instance } from "../../fleet/Instance.ts"
import type { FleetView } from "./InstanceTools.ts"
import { InstanceTools } from "./InstanceTools.ts"
import { instanceView } from "./instanceView.ts"
import { age, iso } from "../shared/time.ts"

const shownByDefault = 50
const mostProblems = 20

/** Behind those at which something waits come those that can be worked with, then those that a person can bring back. */
const rank: Readonly<Record<HealthState, number>> = {
  online: 0,
  unauthorized: 1,
  unhealthy: 2,
  timeout: 3,
  unreachable: 4,
}

/** What is known of an instance; nothing of one that is not online now. */
const lookAt = (looks: Looks, { health, url }: Instance): Look | undefined =>
  health.state === "online" ? Option.getOrUndefined(HashMap.get(looks, url)) : undefined

const problemView = ({ reason, source }: Problem) => ({ source: line(source), reason: line(reason) })

const transportView = (now: number, { duration, found, problems, scannedAt, transport }: TransportReport) => {
  const [first] = problems.map(problemView)
  return {
    transport,
    found,
    scanned: age(now, scannedAt),
    took_ms: duration,
    problem_count: problems.length,
    ...(first === undefined ? {} : { problem: `${first.source} ${first.reason}` }),
  }
}

const waits = (look: Look | undefined): boolean => look?.known === true && look.count > 0

export interface InstanceToolsOptions {
  readonly transports?: ReadonlyArray<string> | undefined
  readonly relayDirectory?: string | undefined
}

const hintOf = ({ relayDirectory, transports = [] }: InstanceToolsOptions) => {
  if (relayDirectory !== undefined && transports.includes("local-relay")) {
    return `No instance was found. Start one with \`opencode-fleet connect\` in its project, or put {"name": "my-project", "port": 4096} into a file such as ${relayDirectory}/my-project.json${transports.length === 1 ? ". TRANSPORT=local-relay,local-ports finds those of this machine that nobody has registered, too" : ""}`
  }
  return transports.length === 0
    ? "No instance was found. Is opencode running?"
    : `No instance was found by ${transports.join(", ")}. Is opencode running, and is it what TRANSPORT looks for? \`opencode-fleet doctor\` says what each transport needs.`
}

export const instanceHandlers = Effect.fnUntraced(function* (options: InstanceToolsOptions) {
  const attention = yield* Attention
  const fleet = yield* Fleet
  const hint = hintOf(options)

  const show = (
    { instances, problems, refreshedAt, reports }: Snapshot,
    looks: Looks,
    { limit = shownByDefault, search = "" }: { readonly search?: string; readonly limit?: number },
  ) =>
    Effect.map(Clock.currentTimeMillis, (now): FleetView => {
      const all = instances.map((instance) => ({ instance, look: lookAt(looks, instance) }))
      const folded = search.trim().toLowerCase()
      const found = all.filter(({ instance: { directory = "", host, name } }) =>
        [name, host, directory].some((text) => text.toLowerCase().includes(folded)),
      )
      return {
        counts: Object.fromEntries(
          Object.entries(Array.groupBy(instances, ({ health }) => health.state)).map(([state, all]) => [
            state,
            all.length,
          ]),
        ),
        waiting: all.filter(({ look }) => waits(look)).length,
        waiting_unknown: all.filter(({ instance, look }) => instance.health.state === "online" && look?.known !== true)
          .length,
        matching: found.length,
        instances: found
          .toSorted(
            (one, other) =>
              Number(waits(other.look)) - Number(waits(one.look)) ||
              rank[one.instance.health.state] - rank[other.instance.health.state],
          )
          .slice(0, limit)
          .map(({ instance, look }) => instanceView(now, instance, look)),
        problem_count: problems.length,
        problems: problems.slice(0, mostProblems).map(problemView),
        transports: reports.map((report) => transportView(now, report)),
        refreshed: iso(refreshedAt),
        ...(instances.length === 0 ? { hint } : {}),
      }
    })

  return InstanceTools.of({
    list_instances: Effect.fnUntraced(function* (parameters) {
      return yield* show(yield* fleet.snapshot, yield* attention.current, parameters)
    }),
    refresh_instances: Effect.fnUntraced(function* () {
      return yield* show(yield* fleet.refresh, yield* attention.settled, {})
    }),
  })
})
