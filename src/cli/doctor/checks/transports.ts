/** The last scan of each transport. */
import { Clock, Effect } from "effect"
import type { TransportReport } from "../../../discovery/Discovery.ts"
import { Fleet } from "../../../fleet/Fleet.ts"
import { line } from "../../../text/plainText.ts"
import { problemText } from "../../../tools/instances/remedyText.ts"
import { elapsed, iso } from "../../../tools/shared/time.ts"
import { type Check, ok, type Observation, problem, warning } from "../Check.ts"

const observe =
  (now: string) =>
  ({ duration, found, problems, scannedAt, transport }: TransportReport): ReadonlyArray<Observation> => {
    const summary = `${transport} found ${found} ${found === 1 ? "instance" : "instances"} ${elapsed(now, iso(scannedAt))}, in ${duration} ms`
    if (problems.length === 0) return [ok(summary)]
    // Other checks report the problems of the registrations and of the service.
    if (transport === "local-relay" || transport === "service") return found > 0 ? [ok(summary)] : []
    const observation = found > 0 ? warning : problem
    return problems.map((one) =>
      observation(
        `${summary}: ${line(one.source)} ${line(problemText(one))}`,
        `Fix this, or remove ${transport} from TRANSPORT.`,
      ),
    )
  }

export const transports: Check<Fleet> = {
  name: "transports",
  run: Effect.gen(function* () {
    const { reports } = yield* (yield* Fleet).snapshot
    return reports.flatMap(observe(iso(yield* Clock.currentTimeMillis)))
  }),
}
