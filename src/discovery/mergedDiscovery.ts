/** Several transports as one: all are scanned at the same time, and none holds up or brings down the others. */
import { Cause, Clock, Context, Effect, Fiber, Layer, Record, Stream } from "effect"
import { line } from "../text/plainText.ts"
import { Discovery, type TransportReport, type Scan } from "./Discovery.ts"

/** A transport bounds its own scan to less; this is for one that does not. */
const longestScan = "15 seconds"

const nothing: Scan = { announcements: [], problems: [] }

/**
 * Whoever gives it up does not wait for its end: what it has begun may not let itself be interrupted, as a program that
 * waits for a dead disk. Until then it is not begun again, and what `meanwhile` says holds.
 */
const abandonable = <A>(effect: Effect.Effect<A>, meanwhile: Effect.Effect<A>): Effect.Effect<A> => {
  let abandoned: Fiber.Fiber<A> | undefined
  const begin = Effect.flatMap(Effect.forkDetach(effect), (fiber) =>
    Effect.onInterrupt(Fiber.join(fiber), () =>
      Effect.sync(() => {
        abandoned = fiber
        fiber.interruptUnsafe()
      }),
    ),
  )
  return Effect.suspend(() => (abandoned !== undefined && abandoned.pollUnsafe() === undefined ? meanwhile : begin))
}

/** What goes wrong costs the transport this scan: what it has found before stays, for whether it answers is asked anyway. */
const scanOf = (transport: string, { scan }: Discovery["Service"]) => {
  let last = nothing
  const asBefore = (reason: string): Scan => ({ ...last, problems: [{ source: transport, reason }] })
  const stuck = Effect.sync(() => asBefore(`is still stuck in a scan that took longer than ${longestScan}`))
  const bounded = abandonable(scan, stuck)
  return Effect.gen(function* () {
    const scannedAt = yield* Clock.currentTimeMillis
    const found = yield* bounded.pipe(
      Effect.timeoutOrElse({
        duration: longestScan,
        orElse: () => Effect.succeed(asBefore(`was not scanned within ${longestScan}`)),
      }),
      Effect.catchCauseIf(Cause.hasDies, (cause) =>
        Effect.as(
          Effect.logError(`the scan of ${transport} died`, cause),
          asBefore(`broke off: ${line(Cause.pretty(cause))}`),
        ),
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
      Object.entries(transports).map(([name, { changes }]) =>
        Stream.catchCauseIf(changes, Cause.hasDies, (cause) =>
          Stream.drain(Stream.fromEffect(Effect.logError(`the changes of ${name} died`, cause))),
        ),
      ),
      { concurrency: "unbounded" },
    ),
  }
}

/** It cannot even be begun: that is all it says. */
const broken = <E>(transport: string, cause: Cause.Cause<E>) => {
  const problems = [{ source: transport, reason: `could not be started: ${line(Cause.pretty(cause))}` }]
  const discovery = Discovery.of({ scan: Effect.succeed({ announcements: [], problems }), changes: Stream.never })
  return Effect.as(Effect.logError(`${transport} could not be started`, cause), discovery)
}

/** `Discovery` over layers of it. */
export const layer = <E, R>(
  transports: Readonly<Record<string, Layer.Layer<Discovery, E, R>>>,
): Layer.Layer<Discovery, E, R> =>
  Layer.effect(
    Discovery,
    Effect.map(
      Effect.all(
        Record.map(transports, (one, name) =>
          Effect.map(Layer.build(Layer.fresh(one)), Context.get(Discovery)).pipe(
            Effect.catchCauseIf(Cause.hasDies, (cause) => broken(name, cause)),
          ),
        ),
      ),
      merge,
    ),
  )
