/** Combines several transports into one `Discovery`. They are scanned concurrently, and none delays or breaks the others. */
import { Cause, Clock, Context, Effect, Fiber, Layer, Option, Record, Stream } from "effect"
import { Discovery, type Scan, type TransportReport } from "./Discovery.ts"
import { asGuarded, causeLine, guarded } from "./guarded.ts"

/** Adds a report, unless the transport is a merged discovery with reports of its own. */
const reported = (transport: string, { scan }: Discovery["Service"]) =>
  Effect.gen(function* () {
    const scannedAt = yield* Clock.currentTimeMillis
    const result = yield* scan
    const duration = (yield* Clock.currentTimeMillis) - scannedAt
    const { announcements, problems } = result
    const report: TransportReport = { transport, scannedAt, duration, found: announcements.length, problems }
    return { ...result, reports: result.reports ?? [report] }
  })

/** `transports` by name, the most trusted first: a server found by several takes its name from the first. */
const merge = Effect.fnUntraced(function* (transports: Readonly<Record<string, Discovery["Service"]>>) {
  const parts = yield* Effect.all(Record.map(transports, (discovery, name) => guarded(name, discovery)))
  const scans = Object.entries(parts).map(([name, discovery]) => reported(name, discovery))
  const scan = Effect.map(Effect.all(scans, { concurrency: "unbounded" }), (all): Scan => ({
    announcements: all.flatMap(({ announcements }) => announcements),
    problems: all.flatMap(({ problems }) => problems),
    reports: all.flatMap(({ reports }) => reports),
    ...(all.some(({ incomplete }) => incomplete === true) ? { incomplete: true } : {}),
  }))
  const changes = Stream.mergeAll(
    Object.values(parts).map((part) => part.changes),
    { concurrency: "unbounded" },
  )
  return asGuarded(Discovery.of({ scan, changes }))
})

/** Stands for a transport that could not be started: reports that problem and finds nothing. */
const unavailable = <E>(transport: string, cause: Cause.Cause<E>) => {
  const problems = [{ source: transport, reason: `could not be started: ${causeLine(cause)}` }]
  const discovery = Discovery.of({ scan: Effect.succeed({ announcements: [], problems }), changes: Stream.never })
  return Effect.as(Effect.logError(`${transport} could not be started`, cause), discovery)
}

/** How long a transport may take to start before the others continue without it. */
const startTimeout = "2 seconds"

/** A slow transport continues to start during its first scan, which is guarded like every scan. */
const start = Effect.fnUntraced(function* <E, R>(transport: string, layer: Layer.Layer<Discovery, E, R>) {
  const build = Effect.map(Layer.build(Layer.fresh(layer)), Context.get(Discovery)).pipe(
    Effect.catchCauseIf(Cause.hasDies, (cause) => unavailable(transport, cause)),
  )
  const fiber = yield* Effect.forkScoped(build, { startImmediately: true })
  const built = yield* Effect.timeoutOption(Fiber.await(fiber), startTimeout)
  if (Option.isSome(built)) return yield* built.value
  const late = yield* Effect.cached(Effect.catchCause(Fiber.join(fiber), (cause) => unavailable(transport, cause)))
  return Discovery.of({
    scan: Effect.flatMap(late, ({ scan }) => scan),
    changes: Stream.unwrap(Effect.map(late, ({ changes }) => changes)),
  })
})

/**
 * `Discovery` over several transports, by name, the most trusted first. They start concurrently. A transport's layer that
 * dies becomes a problem, and one that hangs affects only itself; a layer that fails fails the merged layer.
 */
export const layer = <E, R>(
  transports: Readonly<Record<string, Layer.Layer<Discovery, E, R>>>,
): Layer.Layer<Discovery, E, R> =>
  Layer.effect(
    Discovery,
    Effect.flatMap(
      Effect.all(
        Record.map(transports, (one, name) => start(name, one)),
        { concurrency: "unbounded" },
      ),
      merge,
    ),
  )
