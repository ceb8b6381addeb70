/** All instances: the last snapshot of them, the fiber that keeps it fresh, and the way from a name to an instance. */
import {
  Cause,
  Clock,
  Context,
  Deferred,
  Duration,
  Effect,
  Layer,
  Option,
  PubSub,
  References,
  Schedule,
  Scope,
  Stream,
  SubscriptionRef,
  Tracer,
} from "effect"
import { type ClientError, InstanceUnreachable } from "../opencode/errors.ts"
import type { Credentials, Target } from "../opencode/Target.ts"
import { Discovery, type Problem, type TransportReport } from "../discovery/Discovery.ts"
import { serversOf, type Server } from "../discovery/servers.ts"
import { hasExited } from "../discovery/hasExited.ts"
import { measuredRefresh, recordInstances } from "./fleetMetrics.ts"
import { HealthCheck } from "./HealthCheck.ts"
import type { Instance } from "./Instance.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { InstanceRequired, named, onlyOnline, type ResolveError, uniqueNames } from "./naming.ts"
import { reach } from "./reach.ts"
import { serverFingerprints } from "../discovery/identification/serverFingerprints.ts"
import { guarded, ScanPatience } from "../discovery/guarded.ts"
import { targetOf } from "../discovery/target.ts"

/** So many instances that were just probed are kept for those who follow. */
const mostProbed = 1024

const defaultRefreshEvery = "30 seconds"

/** How long the first snapshot waits for slow transports. */
const firstScanPatience = Duration.millis(2500)

/** The fleet as one refresh found it. */
export interface Snapshot {
  /** By name. */
  readonly instances: ReadonlyArray<Instance>
  readonly problems: ReadonlyArray<Problem>
  /** How each transport fared. */
  readonly reports: ReadonlyArray<TransportReport>
  /** Epoch milliseconds. */
  readonly refreshedAt: number
  /** Whether a transport was still being scanned. Only the first snapshot may be incomplete. */
  readonly incomplete?: boolean
}

export interface FleetOptions {
  /** The pause between the end of a refresh and the next one. Default: 30 s. */
  readonly refreshEvery?: Duration.Input | undefined
  /** Sent to every instance that may have them. Default: none. */
  readonly credentials?: Credentials | undefined
}

export class Fleet extends Context.Service<
  Fleet,
  {
    /** The last snapshot, at once; only before the end of the first refresh it waits for that. */
    readonly snapshot: Effect.Effect<Snapshot>
    /** The snapshots from now on, the current one first. */
    readonly changes: Stream.Stream<Snapshot>
    /**
     * Each instance as soon as its own probe is over, before the snapshot that will hold the same object. No refresh waits
     * for those who follow: who falls behind misses some.
     */
    readonly probed: Stream.Stream<Instance>
    /** Scans and probes now, or joins the refresh that is under way. */
    readonly refresh: Effect.Effect<Snapshot>
    /** The instance of that name; without a name, the only one that is online. */
    readonly resolve: (name: string | undefined) => Effect.Effect<Instance, ResolveError>
    /**
     * Asks an instance something. If the connection was refused, the fleet is refreshed and the instance is asked once
     * more, for it may have moved to another port; the same if none was online when the fleet was last looked at. `ask` must not have had an effect when it fails with an
     * `InstanceUnreachable` that cannot have arrived.
     */
    readonly use: <A, E, R>(
      name: string | undefined,
      ask: (target: Target, instance: Instance) => Effect.Effect<A, E | ClientError, R>,
    ) => Effect.Effect<A, E | ClientError | ResolveError, R>
  }
>()("opencode-fleet/fleet/Fleet") {
  static readonly layer = ({ credentials, refreshEvery = defaultRefreshEvery }: FleetOptions = {}) =>
    Layer.effect(
      Fleet,
      Effect.gen(function* () {
        const discovery = yield* guarded("discovery", yield* Discovery)
        const healthCheck = yield* HealthCheck
        const machine = yield* LocalMachine
        const scope = yield* Scope.Scope
        const state = yield* SubscriptionRef.make(Option.none<Snapshot>())
        const probed = yield* Effect.acquireRelease(PubSub.sliding<Instance>(mostProbed), PubSub.shutdown)

        const fingerprintsOf = yield* serverFingerprints

        const instanceOf = Effect.fnUntraced(function* (server: Server, lastSeen: (url: string) => number | undefined) {
          const { health, endpoint } = yield* reach(server, healthCheck)
          const endpoints = [server, ...server.endpoints]
          const instance: Instance = {
            ...server,
            url: endpoint.url,
            passwordWithheld: endpoint.passwordWithheld,
            listener: endpoint.listener,
            endpoints: endpoints.filter(({ url }) => url !== endpoint.url),
            health,
            lastSeen:
              health.state === "online"
                ? health.checkedAt
                : endpoints.map(({ url }) => lastSeen(url)).find((time) => time !== undefined),
          }
          yield* PubSub.publish(probed, instance)
          return instance
        })

        const look = Effect.gen(function* () {
          const isFirst = Option.isNone(yield* SubscriptionRef.get(state))
          const scan = yield* isFirst
            ? Effect.provideService(discovery.scan, ScanPatience, firstScanPatience)
            : discovery.scan
          const fingerprintOf = yield* fingerprintsOf(scan.announcements)
          const { problems, servers } = serversOf(scan.announcements, hasExited(machine), fingerprintOf)
          const before = Option.match(yield* SubscriptionRef.get(state), {
            onNone: () => new Map<string, Instance>(),
            onSome: ({ instances }) =>
              new Map(
                instances.flatMap((instance) =>
                  [instance, ...instance.endpoints].map(({ url }) => [url, instance] as const),
                ),
              ),
          })
          const instances = yield* Effect.forEach(
            uniqueNames(servers),
            (server) => instanceOf(server, (url) => before.get(url)?.lastSeen),
            // A probe that hangs holds its place for the whole time-out, so a bound would have to lie above any fleet.
            { concurrency: "unbounded" },
          ).pipe(
            // Thousands of spans in every round would tell nobody anything.
            Effect.provideService(References.TracerEnabled, false),
            Effect.provideService(Tracer.DisablePropagation, true),
          )
          const snapshot: Snapshot = {
            instances: instances.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
            problems: [...scan.problems, ...problems],
            reports: scan.reports ?? [],
            refreshedAt: yield* Clock.currentTimeMillis,
            ...(scan.incomplete === true ? { incomplete: true } : {}),
          }
          yield* SubscriptionRef.set(state, Option.some(snapshot))
          yield* recordInstances(instances)
          yield* Effect.logDebug(
            `refreshed: ${instances.filter(({ health }) => health.state === "online").length} of ${instances.length} online, ${snapshot.problems.length} problems`,
          )
          return snapshot
        }).pipe(measuredRefresh, Effect.withSpan("Fleet.refresh"))

        let running: Deferred.Deferred<Snapshot> | undefined
        /** Runs in the fleet's own scope: who joined it must not suffer when the one who began it is interrupted. */
        const begin = Effect.suspend(() => {
          const result = Deferred.makeUnsafe<Snapshot>()
          running = result
          return look.pipe(
            Effect.onExit((exit) =>
              Effect.suspend(() => {
                running = undefined
                return Deferred.done(result, exit)
              }),
            ),
            Effect.interruptible,
            Effect.forkIn(scope),
            Effect.as(result),
          )
        }).pipe(Effect.uninterruptible)
        const refreshOnce = Effect.suspend(() => (running === undefined ? begin : Effect.succeed(running))).pipe(
          Effect.flatMap(Deferred.await),
        )
        /** Continues an incomplete first scan to its end. */
        const refresh = Effect.flatMap(refreshOnce, (first) =>
          first.incomplete === true ? refreshOnce : Effect.succeed(first),
        )

        /** A refresh that began before now may have missed what has just changed, so it does not count. */
        const refreshAfresh = Effect.suspend(() =>
          running === undefined ? Effect.void : Effect.exit(Deferred.await(running)),
        ).pipe(Effect.andThen(refresh))

        /** A defect costs one round, not all that follow. */
        const survive = Effect.catchCauseIf(Cause.hasDies, (cause) => Effect.logError("a refresh died", cause))
        yield* refresh.pipe(survive, Effect.repeat(Schedule.spaced(refreshEvery)), Effect.forkScoped)
        yield* discovery.changes.pipe(
          // However many have come while one refresh ran, they ask for one more.
          Stream.runForEachArray(() => survive(refreshAfresh)),
          Effect.forkScoped,
        )

        const changes = SubscriptionRef.changes(state).pipe(
          Stream.filter(Option.isSome),
          Stream.map(({ value }) => value),
        )
        const snapshot = Effect.flatMap(
          SubscriptionRef.get(state),
          Option.match({ onSome: Effect.succeed, onNone: () => refreshOnce }),
        )

        const resolve = Effect.fn("Fleet.resolve")(function* (name: string | undefined) {
          const choose = ({ instances }: Snapshot): Effect.Effect<Instance, ResolveError> =>
            name === undefined ? onlyOnline(instances) : named(instances, name)
          const current = yield* snapshot
          // A transport that is still being scanned may find the instance.
          return yield* current.incomplete === true
            ? Effect.catch(choose(current), () => Effect.flatMap(refresh, choose))
            : choose(current)
        })

        const use = <A, E, R>(
          name: string | undefined,
          ask: (target: Target, instance: Instance) => Effect.Effect<A, E | ClientError, R>,
        ) => {
          const once = Effect.flatMap(resolve(name), (instance) => ask(targetOf(instance, credentials), instance))
          return Effect.catchIf(once, mayBeOutdated, (error) =>
            Effect.logDebug("looking again", error).pipe(Effect.andThen(refreshAfresh), Effect.andThen(once)),
          )
        }

        return Fleet.of({ snapshot, changes, probed: Stream.fromPubSub(probed), refresh, resolve, use })
      }),
    )
}

/** What a refresh may put right: the instance has moved, or all were away when the fleet was last looked at. */
const mayBeOutdated = (error: unknown) =>
  (error instanceof InstanceUnreachable && !error.mayHaveArrived) ||
  (error instanceof InstanceRequired && error.online.length === 0 && error.offline.length > 0)
