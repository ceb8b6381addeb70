/** Several transports as one: all are scanned at the same time, and none holds up or brings down the others. */
import { Cause, Clock, Context, Effect, Layer, Record, Stream } from "effect"
import { line } from "../PlainText.ts"
import { Discovery, type TransportReport, type Scan } from "./Discovery.ts"

/** A transport bounds its own scan to less; this is for one that does not. */
const longestScan = "15 seconds"

const nothing: Scan = { announcements: [], problems: [] }

/** What goes wrong costs the transport this scan: what it has found before stays, for whether it answers is asked anyway. */
const scanOf = (transport: string, { scan }: Discovery["Service"]) => {
  let last = nothing
  return Effect.gen(function* () {
    const scannedAt = yield* Clock.currentTimeMillis
    const found = yield* scan.pipe(
      Effect.timeoutOrElse({
        duration: longestScan,
        orElse: () =>
          Effect.succeed({
            ...last,
            problems: [{ source: transport, reason: `was not scanned within ${longestScan}` }],
          }),
      }),
      Effect.catchCauseIf(Cause.hasDies, (cause) =>
        Effect.as(Effect.logError(`the scan of ${transport} died`, cause), {
          ...last,
          problems: [{ source: transport, reason: `broke off: ${line(Cause.pretty(cause))}` }],
        }),
      ),
    )
    last = found
    const duration = (yield* Clock.currentTimeMillis) - scannedAt
    const { announcements, problems } = found
    const report: TransportReport = { transport, scannedAt, duration, found: announcements.length, problems }
    return { ...found, reports: found.reports ?? [report] }
  })
}

/** The transports of a table by their names. The first one's word counts where several have found the same server. */
export const merge = (transports: Readonly<Record<string, Discovery["Service"]>>): Discovery["Service"] => {
  const scans = Object.entries(transports).map(([name, discovery]) => scanOf(name, discovery))
  return {
    scan: Effect.map(Effect.all(scans, { concurrency: "unbounded" }), (all): Scan => ({
      announcements: all.flatMap(({ announcements }) => announcements),
      problems: all.flatMap(({ problems }) => problems),
      reports: all.flatMap(({ reports }) => reports),
    })),
    changes: Stream.mergeAll(
      Object.values(transports).map(({ changes }) => changes),
      { concurrency: "unbounded" },
    ),
  }
}

/** `Discovery` over layers of it. */
export const layer = <E, R>(
  transports: Readonly<Record<string, Layer.Layer<Discovery, E, R>>>,
): Layer.Layer<Discovery, E, R> =>
  Layer.effect(
    Discovery,
    Effect.map(
      Effect.all(Record.map(transports, (one) => Effect.map(Layer.build(Layer.fresh(one)), Context.get(Discovery)))),
      merge,
    ),
  )
