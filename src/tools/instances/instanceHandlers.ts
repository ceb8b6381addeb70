/** The handlers of list_instances and refresh_instances. */
import { Array, Clock, Effect, HashMap, Option } from "effect"
import { line } from "../../text/plainText.ts"
import { problemText } from "./remedyText.ts"
import { Attention } from "../../fleet/attention/Attention.ts"
import type { PendingReport, PendingReports } from "../../fleet/attention/PendingReport.ts"
import type { Problem, TransportReport } from "../../discovery/Discovery.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Snapshot } from "../../fleet/Snapshot.ts"
import { type HealthState, type Instance, isOnline } from "../../fleet/Instance.ts"
import type { FleetView } from "./instanceSchemas.ts"
import { InstanceTools } from "./InstanceTools.ts"
import { instancePage } from "./instanceCuts.ts"
import { activityOf, instanceView } from "./instanceView.ts"
import { iso } from "../shared/time.ts"

const defaultLimit = 50

/** Sort order after the active instances: the usable ones first, then those that a person can fix. */
const rank: Readonly<Record<HealthState, number>> = {
  online: 0,
  unauthorized: 1,
  unhealthy: 2,
  timeout: 3,
  unreachable: 4,
}

/** The last known pending requests of an instance; undefined unless it is online. */
const reportOf = (pendingReports: PendingReports, instance: Instance): PendingReport | undefined =>
  isOnline(instance) ? Option.getOrUndefined(HashMap.get(pendingReports, instance.url)) : undefined

const problemView = (problem: Problem) => ({ source: line(problem.source), reason: line(problemText(problem)) })

const transportView = ({ duration, found, problems, scannedAt, transport }: TransportReport) => ({
  transport,
  found_count: found,
  scanned: iso(scannedAt),
  duration_ms: duration,
  problem_count: problems.length,
})

const projectDirectories = (report: PendingReport | undefined): ReadonlyArray<string> =>
  report?.known === true ? report.projects.map(({ directory }) => directory) : []

const urgency = { waiting: 0, busy: 1, idle: 2 } as const

const urgencyOf = (report: PendingReport | undefined): number => urgency[activityOf(report) ?? "idle"]

interface ListOptions {
  readonly search?: string
  readonly limit?: number
  readonly offset?: number
}

export interface InstanceToolsOptions {
  readonly transports?: ReadonlyArray<string> | undefined
  readonly relayDirectory?: string | undefined
  /** Whether the address of every instance is shown, for a person. Default: only of those that are not online. */
  readonly withUrls?: boolean | undefined
}

const hintOf = ({ relayDirectory, transports = [] }: InstanceToolsOptions) => {
  if (relayDirectory !== undefined && transports.includes("local-relay")) {
    const service = transports.includes("service") ? " The service of opencode 2 is found by itself once it runs." : ""
    const ports = transports.includes("local-ports")
      ? ""
      : ` TRANSPORT=${[...transports, "local-ports"].join(",")} also finds unregistered instances on this machine.`
    return `No instance was found. Start one with \`opencode-fleet connect\` in its project, or write {"name": "my-project", "port": 4096} to a file such as ${relayDirectory}/my-project.json.${service}${ports}`
  }
  return transports.length === 0
    ? "No instance was found. Check that opencode is running."
    : `No instance was found by ${transports.join(", ")}. Check that opencode is running and that TRANSPORT can find it; \`opencode-fleet doctor\` shows what each transport needs.`
}

export const instanceHandlers = Effect.fnUntraced(function* (options: InstanceToolsOptions) {
  const attention = yield* Attention
  const fleet = yield* Fleet
  const hint = hintOf(options)

  const show = (
    { instances, problems, refreshedAt, reports }: Snapshot,
    pendingReports: PendingReports,
    { limit = defaultLimit, offset = 0, search = "" }: ListOptions,
  ) =>
    Effect.map(Clock.currentTimeMillis, (now): FleetView => {
      const all = instances.map((instance) => ({ instance, report: reportOf(pendingReports, instance) }))
      const folded = search.trim().toLowerCase()
      const found = all.filter(({ instance: { directory = "", host, name }, report }) =>
        [name, host, directory, ...projectDirectories(report)].some((text) => text.toLowerCase().includes(folded)),
      )
      const shown = found
        .toSorted(
          (one, other) =>
            urgencyOf(one.report) - urgencyOf(other.report) ||
            rank[one.instance.health.state] - rank[other.instance.health.state],
        )
        .slice(offset, offset + limit)
        .map(({ instance, report }) => instanceView(instance, report, options.withUrls))
      // The problems follow the instances.
      const listed = problems.slice(Math.max(0, offset - found.length)).map(problemView)
      return {
        as_of: iso(now),
        health_counts: Object.fromEntries(
          Object.entries(Array.groupBy(instances, ({ health }) => health.state)).map(([state, all]) => [
            state,
            all.length,
          ]),
        ),
        waiting_instance_count: all.filter(({ report }) => activityOf(report) === "waiting").length,
        busy_instance_count: all.filter(({ report }) => activityOf(report) === "busy").length,
        unchecked_instance_count: all.filter(
          ({ instance, report }) =>
            isOnline(instance) &&
            (report?.known !== true || report.broken !== undefined || report.notUnderstood !== undefined),
        ).length,
        matching_count: found.length,
        instances: shown,
        problem_count: problems.length,
        problems: listed,
        transports: reports.map(transportView),
        refreshed: iso(refreshedAt),
        ...instancePage(found.length, problems.length, offset, shown.length, listed.length),
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
