/**
 * Keeps track of the pending requests, the activity and the projects of the fleet: asks each online instance for them after
 * every refresh.
 */
import {
  Cause,
  Context,
  Deferred,
  Duration,
  Effect,
  HashMap,
  Layer,
  Ref,
  References,
  Scope,
  Stream,
  Tracer,
} from "effect"
import { defaultProbeTimeout } from "../../discovery/defaults.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { Fleet } from "../Fleet.ts"
import { type Instance, isOnline } from "../Instance.ts"
import type { Snapshot } from "../Snapshot.ts"
import { makeAskInstance } from "./askInstance.ts"
import { coalesced } from "./coalesced.ts"
import { Online } from "./Online.ts"
import type { PendingReports } from "./PendingReport.ts"
import { makeQuiet } from "./quiet.ts"

/** Number of instances that are asked concurrently. */
const concurrency = 32

/** How long a reader waits for what is being asked because of a {@link Attention.touch}. */
const maxCatchUp = "1 second"

export interface AttentionOptions {
  /** How long one instance may take to report its pending requests. Default: 3 s. */
  readonly timeout?: Duration.Input | undefined
  /** Sent to trusted instances without credentials of their own. Default: none. */
  readonly credentials?: Credentials | undefined
}

const make = Effect.fnUntraced(function* (options: AttentionOptions) {
  const { timeout = defaultProbeTimeout } = options
  const fleet = yield* Fleet
  const scope = yield* Scope.Scope
  /** A report that arrives after its instance went offline is dropped. */
  const online = new Online()
  const quiet = makeQuiet()
  const askInstance = yield* makeAskInstance(options.credentials, timeout, online, quiet)
  const reports = yield* Ref.make<PendingReports>(HashMap.empty())

  const askForReport = yield* coalesced(concurrency, (instance) =>
    // The instance may have gone offline while its run was queued.
    Effect.suspend(() =>
      online.byUrl.has(instance.url) ? Effect.asSome(askInstance(instance)) : Effect.succeedNone,
    ).pipe(
      Effect.flatMap((report) =>
        report._tag === "Some" && online.byUrl.has(instance.url)
          ? Ref.update(reports, HashMap.set(instance.url, report.value))
          : Effect.void,
      ),
      // A defect ends one report, not the fiber.
      Effect.catchCauseIf(Cause.hasDies, (cause) => Effect.logError("asking for pending requests died", cause)),
      // A span for each of thousands of requests in every refresh would bury the others.
      Effect.provideService(References.TracerEnabled, false),
      Effect.provideService(Tracer.DisablePropagation, true),
    ),
  )
  const ask = (instance: Instance) =>
    Effect.suspend(() => {
      online.add(instance)
      return askForReport(instance)
    })
  const askAll = ({ instances }: Snapshot) => Effect.forEach(instances.filter(isOnline), ask)

  const dropOffline = ({ instances }: Snapshot) => {
    const current = new Set(instances.filter(isOnline).map(({ url }) => url))
    online.keep(current)
    quiet.keep(current)
    return Ref.update(
      reports,
      HashMap.filter((_, url) => current.has(url)),
    )
  }

  yield* fleet.probed.pipe(Stream.filter(isOnline), Stream.runForEach(ask), Effect.forkScoped)
  // Makes up for missed probes, such as those before this layer was built.
  yield* fleet.changes.pipe(
    Stream.runForEach((snapshot) => Effect.andThen(dropOffline(snapshot), askAll(snapshot))),
    Effect.forkScoped,
  )

  /** Runs that were requested because this program has learnt or changed something, and have not finished. */
  const catchingUp = new Set<Deferred.Deferred<void>>()

  const touch = (url: string) =>
    Effect.gen(function* () {
      const instance = (yield* fleet.snapshot).instances.find((one) => one.url === url)
      if (instance === undefined || !isOnline(instance)) return
      quiet.forget(url)
      // A run that is in progress may have asked before. A new object does not share it.
      const run = yield* ask({ ...instance })
      if (catchingUp.has(run)) return
      catchingUp.add(run)
      yield* Deferred.await(run).pipe(Effect.ensuring(Effect.sync(() => catchingUp.delete(run))), Effect.forkIn(scope))
    })

  const current = Effect.suspend(() =>
    Effect.timeoutOption(Effect.forEach([...catchingUp], Deferred.await, { discard: true }), maxCatchUp),
  ).pipe(Effect.andThen(Ref.get(reports)))

  const settled = Effect.gen(function* () {
    const runs = yield* askAll(yield* fleet.snapshot)
    yield* Effect.timeoutOption(Effect.forEach(runs, Deferred.await, { discard: true }), timeout)
    return yield* Ref.get(reports)
  }).pipe(Effect.withSpan("Attention.settled"))

  return Attention.of({ current, settled, touch })
})

export class Attention extends Context.Service<
  Attention,
  {
    /** The latest reports. Waits only for an instance that was just touched, at most a second. */
    readonly current: Effect.Effect<PendingReports>
    /**
     * Asks the instance at this URL again, without waiting, because this program has just learnt or changed something there:
     * a request was opened or decided, a turn ended, a session was created.
     */
    readonly touch: (url: string) => Effect.Effect<void>
    /**
     * The reports after every online instance of the fleet's last snapshot has been asked since its probe. Waits at most
     * `timeout`; the instances that have not answered by then keep their previous report.
     */
    readonly settled: Effect.Effect<PendingReports>
  }
>()("opencode-fleet/fleet/Attention") {
  /** Follows the fleet in the background: an instance is asked as soon as its probe finds it online. */
  static readonly layer = (options: AttentionOptions = {}) => Layer.effect(Attention, make(options))
}

/** {@link Attention.touch}; does nothing in a program without `Attention`, such as a command that sends one message. */
export const toucher = Effect.map(
  Effect.serviceOption(Attention),
  (attention) => (url: string) => (attention._tag === "Some" ? attention.value.touch(url) : Effect.void),
)
