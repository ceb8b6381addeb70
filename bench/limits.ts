/** Whether a refresh of a thousand registrations tells the truth within narrow limits, and how long it takes. */
import { Clock, Effect } from "effect"
import { refreshWithin } from "../test/support/limitedFleet.ts"
import type { Figure } from "./support/report.ts"

export const benchLimits = Effect.gen(function* () {
  const startedAt = yield* Clock.currentTimeMillis
  const { counts, problems } = yield* refreshWithin({
    healthy: 334,
    hung: 333,
    refused: 333,
    limits: { heap: 64, descriptors: 256 },
    probeTimeout: 1000,
  })
  const figures: ReadonlyArray<Figure> = [
    {
      what: "from the start to the end of refresh_instances",
      value: (yield* Clock.currentTimeMillis) - startedAt,
      unit: "ms",
      note: `${JSON.stringify(counts)}, ${problems.length} problems; true are 334 online, 333 timeout, 333 unreachable, 0 problems`,
    },
  ]
  return figures
})
