/** The fleet: the last snapshot of all instances, the fiber that keeps it fresh, and resolving a name to an instance. */
import {
  Cause,
  Clock,
  Context,
  Duration,
  Effect,
  Layer,
  Option,
  Predicate,
  PubSub,
  Schedule,
  Scope,
  Stream,
  SubscriptionRef,
} from "effect"
import { Discovery } from "../discovery/Discovery.ts"
import { guarded } from "../discovery/guarded.ts"
import { targetOf } from "../discovery/target.ts"
import { vouched } from "../discovery/vouched.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { OpencodeClient } from "../opencode/Opencode.ts"
import { OtherInstances } from "../opencode/sessions/otherServers.ts"
import { OwnSessions } from "../opencode/sessions/OwnSessions.ts"
import type { Credentials, Target } from "../opencode/Target.ts"
import { askOthers } from "./askOthers.ts"
import { measuredRefresh, recordInstances } from "./fleetMetrics.ts"
import { HealthCheck } from "./HealthCheck.ts"
import { ownSessions } from "./homes.ts"
import type { Instance } from "./Instance.ts"
import {
  InstanceNotFound,
  InstanceReplaced,
  InstanceRequired,
  matching,
  named,
  onlyOnline,
  type ResolveError,
} from "./naming.ts"
import { singleFlight } from "./singleFlight.ts"
import { type Snapshot, withHealth, withNewerHealth } from "./Snapshot.ts"
import { makeTakeSnapshot } from "./takeSnapshot.ts"
import { whileStarting } from "./whileStarting.ts"

/** Maximum number of probed instances that wait for a slow subscriber of `probed`. */
const probedCapacity = 1024

const defaultRefreshEvery = "30 seconds"

/** A shorter pause would only keep this machine and all instances busy. */
const minRefreshEvery = Duration.millis(100)

export interface FleetOptions {
  /** The pause between the end of a refresh and the next one. Default: 30 s. A pause below 100 ms is a defect. */
  readonly refreshEvery?: Duration.Input | undefined
  /** Sent to every trusted instance. Default: none. */
  readonly credentials?: Credentials | undefined
}

/** What is meant for an instance is never sent to another opencode on its port. */
const unlessReplaced = (instance: Instance) => {
  const { health, name, source, url } = instance
  return health.replaced === true
    ? Effect.fail(new InstanceReplaced({ instance: name, url, reason: health.reason, source }))
    : Effect.succeed(instance)
}

/** None was online at the last refresh. One may be online now. */
const noneOnline = (error: ResolveError) => error instanceof InstanceRequired && error.online.length === 0

const make = Effect.fnUntraced(function* ({ credentials, refreshEvery = defaultRefreshEvery }: FleetOptions) {
  const pause = Duration.fromInputUnsafe(refreshEvery)
  if (Duration.isLessThan(pause, minRefreshEvery)) {
    const given = Duration.format(pause)
    return yield* Effect.die(new RangeError(`refreshEvery is ${given}, but must be at least 100 ms`))
  }
  const discovery = yield* guarded("discovery", yield* Discovery)
  const healthCheck = yield* HealthCheck
  // Without it, no instance is asked about the turns of another one.
  const client = yield* Effect.serviceOption(OpencodeClient)
  const machine = yield* LocalMachine
  const scope = yield* Scope.Scope
  const takeSnapshot = yield* makeTakeSnapshot(discovery)
  const state = yield* SubscriptionRef.make(Option.none<Snapshot>())
  const probed = yield* Effect.acquireRelease(PubSub.sliding<Instance>(probedCapacity), PubSub.shutdown)

  /** The names of all instances that were ever found. A restarting service is gone for a moment, and keeps its name. */
  const everFound = new Set<string>()
  const mayBeBack = (error: ResolveError) =>
    noneOnline(error) ||
    (error instanceof InstanceNotFound &&
      matching(
        Array.from(everFound, (name) => ({ name })),
        error.reference,
      ).length > 0)

  /** Whether the next refresh probes instances also if nothing about them was announced since the last one. */
  let probesAll = false
  let isComplete = false

  const take = Effect.gen(function* () {
    const all = probesAll
    probesAll = false
    return yield* takeSnapshot({
      previous: yield* SubscriptionRef.get(state),
      probesAll: all,
      onProbed: (instance) => PubSub.publish(probed, instance),
      onPartial: (snapshot) => SubscriptionRef.set(state, Option.some(snapshot)),
    })
  })

  const refreshes = yield* take.pipe(
    // A call may have probed an instance after this refresh did.
    Effect.flatMap((snapshot) => SubscriptionRef.modify(state, (before) => withNewerHealth(snapshot, before))),
    Effect.tap(({ instances }) => {
      isComplete = true
      for (const { name } of instances) everFound.add(name)
      return recordInstances(instances)
    }),
    measuredRefresh,
    singleFlight,
  )

  /** An incomplete first snapshot is completed by a second refresh, which continues its scan. */
  const completed = (refresh: Effect.Effect<Snapshot>) =>
    Effect.flatMap(refresh, (snapshot) => (snapshot.incomplete === true ? refreshes.run : Effect.succeed(snapshot)))
  /** The refresh in progress may have missed what happened since it began. Only the very first one is joined. */
  const refreshAfterChange = Effect.suspend(() => completed(isComplete ? refreshes.runAfresh : refreshes.run))
  const refresh = Effect.suspend(() => {
    probesAll = isComplete
    return refreshAfterChange
  })

  /** A defect ends one refresh, not the fiber. */
  const survive = Effect.catchCauseIf(Cause.hasDies, (cause) => Effect.logError("a refresh died", cause))
  yield* refresh.pipe(survive, Effect.repeat(Schedule.spaced(pause)), Effect.forkScoped)
  const changes = SubscriptionRef.changes(state).pipe(
    Stream.filter(Option.isSome),
    Stream.map(({ value }) => value),
  )
  yield* Stream.merge(discovery.changes, whileStarting(changes)).pipe(
    // All changes that arrive during one refresh trigger a single further refresh.
    Stream.runForEachArray(() => survive(refreshAfterChange)),
    Effect.forkScoped,
  )

  /** Probing thousands of instances may take longer than the first caller waits. */
  const firstSnapshot = Effect.raceFirst(
    refreshes.run,
    changes.pipe(Stream.runHead, Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))),
  )
  const snapshot = Effect.flatMap(
    SubscriptionRef.get(state),
    Option.match({ onSome: Effect.succeed, onNone: () => firstSnapshot }),
  )

  const resolve = Effect.fn("Fleet.resolve")(function* (name: string | undefined) {
    const choose = ({ instances }: Snapshot): Effect.Effect<Instance, ResolveError> =>
      name === undefined ? onlyOnline(instances) : named(instances, name)
    const current = yield* snapshot
    // A transport that is still being scanned may find the instance.
    return yield* current.incomplete === true
      ? Effect.catch(choose(current), () => Effect.flatMap(completed(refreshes.run), choose))
      : choose(current)
  })

  /** Probes an instance outside a refresh, and puts what it finds into the snapshot. */
  const probeNow = Effect.fnUntraced(function* (instance: Instance) {
    const health = yield* healthCheck.probe(instance)
    yield* SubscriptionRef.updateSome(state, (snapshot) =>
      Option.map(withHealth(snapshot, instance.url, health), Option.some),
    )
    return health
  })

  const recheck = Effect.fn("Fleet.recheck")(function* (url: string) {
    const known = Option.getOrUndefined(yield* SubscriptionRef.get(state))
    const instance = known?.instances.find((one) => one.url === url)
    if (instance !== undefined) yield* probeNow(instance)
  })

  /** What a failed request says about the instance is in the next snapshot. */
  const noteFailure =
    (url: string) =>
    <E>(error: E): Effect.Effect<void> => {
      if (Predicate.isTagged(error, "InstanceUnreachable") || Predicate.isTagged(error, "Unauthorized"))
        return recheck(url)
      // The caller has waited long enough.
      return Predicate.isTagged(error, "RequestTimeout")
        ? Effect.asVoid(Effect.forkIn(recheck(url), scope))
        : Effect.void
    }

  /** Resolves a name to the instance's current address: if the known one refuses connections, it refreshes and resolves again. */
  const locate = Effect.fn("Fleet.locate")(function* (name: string | undefined) {
    const startedAt = yield* Clock.currentTimeMillis
    const resolveAfresh = Effect.andThen(refresh, resolve(name))
    const instance = yield* Effect.catchIf(resolve(name), mayBeBack, () => resolveAfresh)
    if (instance.health.checkedAt > startedAt) return yield* unlessReplaced(instance)
    const health = yield* probeNow(instance)
    const isGone = health.state === "unreachable" || health.replaced === true
    return isGone ? yield* Effect.flatMap(resolveAfresh, unlessReplaced) : { ...instance, health }
  })

  const ownTarget = (instance: Instance) => targetOf(vouched(machine, instance), credentials, instance.health.version)

  const use = <A, E, R>(
    name: string | undefined,
    run: (target: Target, instance: Instance) => Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E | ResolveError, R> =>
    Effect.flatMap(locate(name), (instance) =>
      run(ownTarget(instance), instance).pipe(
        Effect.provideService(OtherInstances, (sessions) =>
          Option.match(client, {
            onNone: () => Effect.succeed([]),
            onSome: (client) =>
              Effect.flatMap(snapshot, ({ instances }) => askOthers(client, ownTarget, instance, instances)(sessions)),
          }),
        ),
        Effect.provideService(OwnSessions, (opencode, sessions) =>
          Effect.flatMap(snapshot, ({ instances }) => ownSessions(opencode, instance, instances, sessions)),
        ),
        Effect.tapError(noteFailure(instance.url)),
      ),
    )

  return Fleet.of({ snapshot, changes, probed: Stream.fromPubSub(probed), refresh, resolve, recheck, use })
})

export class Fleet extends Context.Service<
  Fleet,
  {
    /** The last snapshot, without waiting. Only before the first refresh has ended does it wait for that refresh. */
    readonly snapshot: Effect.Effect<Snapshot>
    /** The current snapshot, then every later one. */
    readonly changes: Stream.Stream<Snapshot>
    /**
     * Each instance as soon as its own probe has finished, before the snapshot that contains the same object. A slow
     * subscriber misses some, because no refresh waits for it.
     */
    readonly probed: Stream.Stream<Instance>
    /**
     * Scans and probes: what happened before this call is seen. Calls during one refresh share the next one; before the
     * first snapshot, they share the first refresh.
     */
    readonly refresh: Effect.Effect<Snapshot>
    /** The instance with this name; without a name, the only one that is online. */
    readonly resolve: (name: string | undefined) => Effect.Effect<Instance, ResolveError>
    /** Probes the instance at this URL, and puts what it finds into the snapshot. Does nothing if it is unknown. */
    readonly recheck: (url: string) => Effect.Effect<void>
    /**
     * Runs an effect with the target of an instance: once, or not at all.
     *
     * Before it runs, the instance is probed. If it cannot be reached, or another opencode has its port, the fleet is refreshed and the name is resolved
     * again, because the instance may have moved to another port; the same happens if the last refresh did not find it but an
     * earlier one did, or if no instance was online. A failed effect is never run again, because it may have sent a prompt
     * before the request that failed.
     */
    readonly use: <A, E, R>(
      name: string | undefined,
      run: (target: Target, instance: Instance) => Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | ResolveError, R>
  }
>()("opencode-fleet/fleet/Fleet") {
  static readonly layer = (options: FleetOptions = {}) => Layer.effect(Fleet, make(options))
}
