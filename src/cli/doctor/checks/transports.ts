/** How the last scan of each transport went. */
import { Clock, Effect } from "effect"
import type { TransportReport } from "../../../discovery/Discovery.ts"
import { Fleet } from "../../../fleet/Fleet.ts"
import { line } from "../../../text/plainText.ts"
import { age } from "../../../tools/shared/time.ts"
import { type Check, ok, type Observation, problem, warning } from "../Check.ts"

const observe =
  (now: number) =>
  ({ duration, found, problems, scannedAt, transport }: TransportReport): ReadonlyArray<Observation> => {
    const scanned = `${transport} was scanned ${age(now, scannedAt)} within ${duration} ms and found ${found}`
    // Of registrations other checks speak.
    if (problems.length === 0 || transport === "local-relay") return [ok(scanned)]
    const observation = found > 0 ? warning : problem
    return problems.map(({ reason, source }) =>
      observation(`${scanned}: ${line(source)} ${line(reason)}`, `Mend that, or leave ${transport} out of TRANSPORT.`),
    )
  }

export const transports: Check<Fleet> = {
  name: "transports",
  run: Effect.gen(function* () {
    const { reports } = yield* (yield* Fleet).snapshot
    return reports.flatMap(observe(yield* Clock.currentTimeMillis))
  }),
}
