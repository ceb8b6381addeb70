/**
 * Isolates a `Discovery`: a scan that fails, dies or hangs becomes a problem, and the announcements of the last complete
 * scan stay, because every instance is probed anyway. A slow scan keeps running, and the next call waits for it again.
 */
import { Cause, Clock, Context, Duration, Effect, Fiber, Stream } from "effect"
import { line } from "../text/plainText.ts"
import { Discovery, type Scan } from "./Discovery.ts"
import { validated } from "./validated.ts"

/** A scan that takes longer is interrupted. Every built-in transport has a shorter timeout of its own. */
const longestScan = Duration.seconds(15)

/** How long a caller waits for a scan before it continues without the result; at most {@link longestScan}. */
export const ScanTimeout = Context.Reference<Duration.Duration>("opencode-fleet/discovery/ScanTimeout", {
  defaultValue: () => longestScan,
})

interface Running {
  readonly fiber: Fiber.Fiber<Scan>
  /** Epoch milliseconds. */
  readonly startedAt: number
  interrupted: boolean
}

const known = new WeakSet<Discovery["Service"]>()

/** The messages of what went wrong, on one line and without stack traces: a person or a model reads it. */
export const causeLine = <E>(cause: Cause.Cause<E>) =>
  line(
    Cause.prettyErrors(cause)
      .map(({ message }) => message)
      .join("; "),
  )

const inSeconds = (duration: Duration.Duration) => `${Duration.toSeconds(duration)} seconds`

/**
 * `source` names the transport in problems. Guarding twice does nothing. Closing the scope interrupts a running scan
 * without waiting for it, because a read from a dead disk cannot be interrupted.
 */
export const guarded = Effect.fnUntraced(function* (source: string, discovery: Discovery["Service"]) {
  if (known.has(discovery)) return discovery
  let lastComplete: Scan = { announcements: [], problems: [] }
  let running: Running | undefined
  yield* Effect.addFinalizer(() => Effect.sync(() => running?.fiber.interruptUnsafe()))

  const lastWith = (reason: string): Scan => ({
    announcements: lastComplete.announcements,
    problems: [{ source, reason }],
  })

  const orLast = (scan: Scan): Scan => {
    if (scan.failed === true) return { ...scan, announcements: lastComplete.announcements }
    lastComplete = scan
    return scan
  }

  const broken = (cause: Cause.Cause<never>) =>
    Effect.as(
      Effect.logError(`the scan of ${source} failed`, cause),
      lastWith(`could not be scanned: ${causeLine(cause)}`),
    )

  const start = Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    // A guarded discovery inside this one must time out first.
    const timeout = Duration.times(yield* ScanTimeout, 0.9)
    const attempt = discovery.scan.pipe(
      Effect.map((scan) => orLast(validated(scan, source))),
      Effect.catchCauseIf((cause) => !Cause.hasInterruptsOnly(cause), broken),
      Effect.provideService(ScanTimeout, timeout),
    )
    const started: Running = {
      fiber: yield* Effect.forkDetach(attempt, { startImmediately: true }),
      startedAt,
      interrupted: false,
    }
    running = started
    started.fiber.addObserver(() => {
      if (running === started) running = undefined
    })
    return started
  }).pipe(Effect.uninterruptible)

  const scan = Effect.gen(function* () {
    const current = running ?? (yield* start)
    const { fiber, interrupted, startedAt } = current
    const age = (yield* Clock.currentTimeMillis) - startedAt
    const timeout = Math.min(Duration.toMillis(yield* ScanTimeout), Duration.toMillis(longestScan) - age)
    if (interrupted || timeout <= 0) {
      fiber.interruptUnsafe()
      current.interrupted = true
      return lastWith(`has been stuck in a scan for more than ${inSeconds(longestScan)}`)
    }
    const exit = yield* Effect.timeoutOption(Fiber.await(fiber), timeout)
    if (exit._tag === "Some") {
      return exit.value._tag === "Success" ? exit.value.value : lastWith("was interrupted during its scan")
    }
    if ((yield* Clock.currentTimeMillis) - startedAt < Duration.toMillis(longestScan)) {
      return { ...lastWith("is still being scanned; the next refresh shows what it finds"), incomplete: true }
    }
    current.interrupted = true
    fiber.interruptUnsafe()
    return lastWith(`was not scanned within ${inSeconds(longestScan)}`)
  })

  const changes = Stream.catchCauseIf(
    discovery.changes,
    (cause) => !Cause.hasInterruptsOnly(cause),
    (cause) => Stream.drain(Stream.fromEffect(Effect.logError(`the change stream of ${source} failed`, cause))),
  )

  const service = Discovery.of({ scan, changes })
  known.add(service)
  return service
})

/** Marks a discovery whose parts are guarded already. */
export const asGuarded = (discovery: Discovery["Service"]): Discovery["Service"] => {
  known.add(discovery)
  return discovery
}
