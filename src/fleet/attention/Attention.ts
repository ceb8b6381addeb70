/**
 * Keeps track of the pending requests, the activity and the projects of the fleet: asks each online instance for them after
 * every refresh.
 */
import {
  Cause,
  Clock,
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
import { targetOf } from "../../discovery/target.ts"
import type { ClientError } from "../../opencode/errors.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { countingUnreadable, notUnderstood } from "../../opencode/Unreadable.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { line } from "../../text/plainText.ts"
import { Fleet } from "../Fleet.ts"
import { type Instance, isOnline } from "../Instance.ts"
import type { Snapshot } from "../Snapshot.ts"
import { coalesced } from "./coalesced.ts"
import { recentActivity } from "./recentActivity.ts"
import { type PendingReport, type PendingReports, waitingRequest } from "./PendingReport.ts"
import { lastSessionOf, projectsOf } from "./recentWork.ts"

/** Number of instances that are asked concurrently. */
const concurrency = 32

/** Maximum number of directories of an instance that are checked, the most recently used ones. */
const maxDirectories = 5

/** Maximum number of pending requests stored per instance. */
const maxRequests = 5

/** How long a reader waits for what is being asked because of a {@link Attention.touch}. */
const maxCatchUp = "1 second"

/** Maximum number of projects stored per instance. */
const maxProjects = 10

export interface AttentionOptions {
  /** How long one instance may take to report its pending requests. Default: 3 s. */
  readonly timeout?: Duration.Input | undefined
  /** Sent to trusted instances without credentials of their own. Default: none. */
  readonly credentials?: Credentials | undefined
}

const unknownReason = (error: ClientError | Cause.TimeoutError, timeout: Duration.Input) =>
  error._tag === "TimeoutError" ? `no answer within ${Duration.toSeconds(timeout)} s` : line(error.message)

/** Asks one instance for its pending requests. */
const makeAskInstance = Effect.fnUntraced(function* (
  { credentials }: AttentionOptions,
  timeout: Duration.Input,
  online: () => ReadonlyArray<Instance>,
) {
  const client = yield* OpencodeClient

  const activityOf = Effect.fnUntraced(function* (instance: Instance) {
    const opencode = client.at(targetOf(instance, credentials, instance.health.version))
    const { active, broken, own, pending, sessions } = yield* recentActivity(
      opencode,
      instance,
      online(),
      maxDirectories,
    )
    const [first] = broken
    // If no directory could be asked, the server is at fault.
    if (first !== undefined && broken.length === new Set(sessions.map(({ directory }) => directory)).size) {
      return yield* first.error
    }
    const titles = new Map(sessions.map(({ id, title }) => [id, title]))
    return {
      ...(broken.length === 0
        ? {}
        : { broken: broken.map(({ directory, error }) => ({ directory, reason: line(error.message) })) }),
      requests: pending.map((each) => waitingRequest(titles.get(each.request.sessionID), each)),
      active: active.size,
      lastSession: lastSessionOf(own),
      projects: projectsOf(sessions, active),
    }
  })

  return Effect.fnUntraced(function* (instance: Instance) {
    const askedAt = yield* Clock.currentTimeMillis
    return yield* countingUnreadable(activityOf(instance)).pipe(
      Effect.timeout(timeout),
      Effect.match({
        onFailure: (error): PendingReport => ({ askedAt, known: false, reason: unknownReason(error, timeout) }),
        onSuccess: ({ result: { projects, requests, ...rest }, unreadable }): PendingReport => {
          // It may be a pending request, so it is not known that nothing else waits.
          const unknown = notUnderstood(unreadable, instance.health.version)
          return {
            ...rest,
            ...(unknown === undefined ? {} : { notUnderstood: `${unknown}; open it in opencode` }),
            askedAt,
            known: true,
            count: requests.length,
            waiting: requests.slice(0, maxRequests),
            projects: projects.slice(0, maxProjects),
            projectCount: projects.length,
          }
        },
      }),
    )
  })
})

const make = Effect.fnUntraced(function* (options: AttentionOptions) {
  const { timeout = defaultProbeTimeout } = options
  const fleet = yield* Fleet
  const scope = yield* Scope.Scope
  /** By URL. A report that arrives after its instance went offline is dropped. */
  const online = new Map<string, Instance>()
  const askInstance = yield* makeAskInstance(options, timeout, () => [...online.values()])
  const reports = yield* Ref.make<PendingReports>(HashMap.empty())

  const askForReport = yield* coalesced(concurrency, (instance) =>
    // The instance may have gone offline while its run was queued.
    Effect.suspend(() => (online.has(instance.url) ? Effect.asSome(askInstance(instance)) : Effect.succeedNone)).pipe(
      Effect.flatMap((report) =>
        report._tag === "Some" && online.has(instance.url)
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
      online.set(instance.url, instance)
      return askForReport(instance)
    })
  const askAll = ({ instances }: Snapshot) => Effect.forEach(instances.filter(isOnline), ask)

  const dropOffline = ({ instances }: Snapshot) => {
    const current = new Set(instances.filter(isOnline).map(({ url }) => url))
    for (const url of online.keys()) if (!current.has(url)) online.delete(url)
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
