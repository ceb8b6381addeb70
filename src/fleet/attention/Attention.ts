/** What waits for a person at each instance of the fleet: permissions and questions, as they were last asked for. */
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
  Stream,
  Tracer,
} from "effect"
import { activities, inNewestDirectories } from "../../opencode/sessions/activity.ts"
import type { ClientError } from "../../opencode/errors.ts"
import type { PermissionId, QuestionId, SessionId } from "../../opencode/Identifiers.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { describe, type PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { line } from "../../text/plainText.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { defaultProbeTimeout } from "../../discovery/defaults.ts"
import { coalesced } from "./coalesced.ts"
import { Fleet } from "../Fleet.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Instance } from "../Instance.ts"
import { targetOf } from "../../discovery/target.ts"

/** A permission or a question that an agent waits for. */
export interface Waiting {
  readonly kind: PendingRequest["kind"]
  readonly id: PermissionId | QuestionId
  /** The session that asks: of a subagent its own. */
  readonly session: SessionId
  /** Of that session, as far as it is known. */
  readonly title: string | undefined
  readonly about: string
}

/** What one instance said, or why it did not. */
export type Look = {
  /** Epoch milliseconds. */
  readonly askedAt: number
} & (
  | {
      readonly known: true
      readonly count: number
      /** Of many the first. */
      readonly waiting: ReadonlyArray<Waiting>
    }
  | { readonly known: false; readonly reason: string }
)

/** By the URL of the instance. One that is not online, or has not been asked yet, is absent. */
export type Looks = HashMap.HashMap<string, Look>

/** So many instances are asked at a time: one that does not answer holds up only its own place. */
const askedAtOnce = 32

/** So many directories of an instance are asked, those worked in last. */
const mostDirectories = 5

/** Nobody has to set up a directory again and again in which nobody works any more. A week, in milliseconds. */
const longAgo = 7 * 24 * 3600 * 1000

/** A session that waits longer than the next so many have been worked in is found by get_status. */
const mostSessions = 200

/** So many requests of one instance are remembered, in case it says that it has thousands. */
const mostRemembered = 5

/** The sessions of the few directories that were worked in last; `sessions` are updated last first. */
const recent = (sessions: ReadonlyArray<Session>, now: number) =>
  inNewestDirectories(
    sessions.filter(({ time }) => now - time.updated < longAgo),
    mostDirectories,
  )

const isOnline = ({ health }: Instance) => health.state === "online"

const waitingOf = (title: string | undefined, pending: PendingRequest): Waiting => ({
  kind: pending.kind,
  id: pending.request.id,
  session: pending.request.sessionID,
  title: title === undefined ? undefined : line(title),
  about: line(describe(pending)),
})

const unknownReason = (error: ClientError | Cause.TimeoutError, timeout: Duration.Input) =>
  error._tag === "TimeoutError" ? `no answer within ${Duration.toSeconds(timeout)} s` : line(error.message)

export interface AttentionOptions {
  /** How long one instance may take to say what waits there. Default: 3 s. */
  readonly timeout?: Duration.Input | undefined
  /** Sent to every instance that may have them. Default: none. */
  readonly credentials?: Credentials | undefined
}

export class Attention extends Context.Service<
  Attention,
  {
    /** What is known, at once. */
    readonly current: Effect.Effect<Looks>
    /**
     * What is known when every instance of the fleet's last snapshot has been asked since it was probed for that, or
     * when `timeout` has passed: those that are asked later are then still as they were.
     */
    readonly settled: Effect.Effect<Looks>
  }
>()("opencode-fleet/fleet/Attention") {
  /**
   * Follows the fleet: in each refresh every instance is asked as soon as its own probe says that it is online, beside
   * whatever else goes on.
   */
  static readonly layer = ({ credentials, timeout = defaultProbeTimeout }: AttentionOptions = {}) =>
    Layer.effect(
      Attention,
      Effect.gen(function* () {
        const fleet = yield* Fleet
        const client = yield* OpencodeClient
        const looks = yield* Ref.make<Looks>(HashMap.empty())
        /** By URL: a look that comes too late, when an instance is gone, is not kept. */
        const online = new Set<string>()

        /** Only the directories of the sessions updated last are asked, {@link mostDirectories} at the most. */
        const ask = Effect.fnUntraced(function* (instance: Instance) {
          const opencode = client.at(targetOf(instance, credentials))
          const sessions = recent(yield* opencode.newestSessions(mostSessions), yield* Clock.currentTimeMillis)
          const active = yield* activities(opencode, sessions)
          // A subagent's request stands at its parents as well.
          const pending = new Map(
            [...active.values()].flatMap((each) => each.pending).map((each) => [each.request.id, each]),
          )
          const titles = new Map(sessions.map(({ id, title }) => [id, title]))
          return [...pending.values()].map((each) => waitingOf(titles.get(each.request.sessionID), each))
        })

        const look = Effect.fnUntraced(function* (instance: Instance) {
          const askedAt = yield* Clock.currentTimeMillis
          const answer = yield* Effect.result(Effect.timeout(ask(instance), timeout))
          const found: Look =
            answer._tag === "Failure"
              ? { askedAt, known: false, reason: unknownReason(answer.failure, timeout) }
              : { askedAt, known: true, count: answer.success.length, waiting: answer.success.slice(0, mostRemembered) }
          if (online.has(instance.url)) yield* Ref.update(looks, HashMap.set(instance.url, found))
        })

        const askAfter = yield* coalesced(askedAtOnce, (probed) =>
          // It may have gone while it waited for its turn.
          Effect.suspend(() => (online.has(probed.url) ? look(probed) : Effect.void)).pipe(
            // A defect costs one look, not all that follow.
            Effect.catchCauseIf(Cause.hasDies, (cause) =>
              Effect.logError("asking what waits for a person died", cause),
            ),
            // As with the probes, thousands of spans in every round would tell nobody anything.
            Effect.provideService(References.TracerEnabled, false),
            Effect.provideService(Tracer.DisablePropagation, true),
          ),
        )
        const follow = (probed: Instance) =>
          Effect.suspend(() => {
            online.add(probed.url)
            return askAfter(probed)
          })
        const followAll = ({ instances }: Snapshot) => Effect.forEach(instances.filter(isOnline), follow)

        const forget = ({ instances }: Snapshot) => {
          const stay = new Set(instances.filter(isOnline).map(({ url }) => url))
          for (const url of online) if (!stay.has(url)) online.delete(url)
          return Ref.update(
            looks,
            HashMap.filter((_, url) => stay.has(url)),
          )
        }

        yield* fleet.probed.pipe(Stream.filter(isOnline), Stream.runForEach(follow), Effect.forkScoped)
        // Makes up for probes that were not heard of: those before the layer was built, for one.
        yield* fleet.changes.pipe(
          Stream.runForEach((snapshot) => Effect.andThen(forget(snapshot), followAll(snapshot))),
          Effect.forkScoped,
        )

        const settled = Effect.gen(function* () {
          const asks = yield* followAll(yield* fleet.snapshot)
          yield* Effect.timeoutOption(Effect.forEach(asks, Deferred.await, { discard: true }), timeout)
          return yield* Ref.get(looks)
        }).pipe(Effect.withSpan("Attention.settled"))

        return Attention.of({ current: Ref.get(looks), settled })
      }),
    )
}
