/** What waits for a person at each instance of the fleet: permissions and questions, as they were last asked for. */
import {
  Array,
  Cause,
  Clock,
  Context,
  Effect,
  Fiber,
  HashMap,
  Layer,
  Ref,
  References,
  Scope,
  Semaphore,
  Stream,
  Tracer,
} from "effect"
import { activities } from "../opencode/activity.ts"
import type { ClientError } from "../opencode/errors.ts"
import type { PermissionId, QuestionId, SessionId } from "../opencode/Identifiers.ts"
import { OpencodeClient } from "../opencode/OpencodeClient.ts"
import { describe, type PendingRequest } from "../opencode/PendingRequest.ts"
import type { Session } from "../opencode/Session.ts"
import { line } from "../PlainText.ts"
import { Settings } from "../Settings.ts"
import { Fleet, type Snapshot } from "./Fleet.ts"
import type { Instance } from "./Instance.ts"

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

/** Each directory that is asked for the first time makes opencode set it up, so only those worked in last are. */
const mostDirectories = 5

/** A session that waits longer than the next so many have been worked in is found by get_status. */
const mostSessions = 200

/** So many requests of one instance are remembered, in case it says that it has thousands. */
const mostRemembered = 5

/** The sessions of the few directories that were worked in last; `sessions` are updated last first. */
const recent = (sessions: ReadonlyArray<Session>) => {
  const directories = new Set(Array.dedupe(sessions.map(({ directory }) => directory)).slice(0, mostDirectories))
  return sessions.filter(({ directory }) => directories.has(directory))
}

const waitingOf = (title: string | undefined, pending: PendingRequest): Waiting => ({
  kind: pending.kind,
  id: pending.request.id,
  session: pending.request.sessionID,
  title: title === undefined ? undefined : line(title),
  about: line(describe(pending)),
})

export class Attention extends Context.Service<
  Attention,
  {
    /** What is known, at once. */
    readonly current: Effect.Effect<Looks>
    /**
     * What is known when every instance of the fleet's last snapshot has been asked since that was made, or when
     * `HEALTH_CHECK_TIMEOUT_MS` have passed: those that are asked later are then still as they were.
     */
    readonly settled: Effect.Effect<Looks>
  }
>()("opencode-fleet/fleet/Attention") {
  /** Follows the fleet: after each refresh every instance that is online is asked once, beside whatever else goes on. */
  static readonly layer = Layer.effect(
    Attention,
    Effect.gen(function* () {
      const fleet = yield* Fleet
      const client = yield* OpencodeClient
      const { credentials, healthCheckTimeout } = yield* Settings
      const scope = yield* Scope.Scope
      const looks = yield* Ref.make<Looks>(HashMap.empty())

      /** Only the directories of the sessions updated last are asked, {@link mostDirectories} at the most. */
      const ask = Effect.fnUntraced(function* ({ name, url }: Instance) {
        const opencode = client.at({ instance: name, url, credentials })
        const sessions = recent(yield* opencode.newestSessions(mostSessions))
        const active = yield* activities(opencode, sessions)
        // A subagent's request stands at its parents as well.
        const pending = new Map(
          [...active.values()].flatMap((each) => each.pending).map((each) => [each.request.id, each]),
        )
        const titles = new Map(sessions.map(({ id, title }) => [id, title]))
        return [...pending.values()].map((each) => waitingOf(titles.get(each.request.sessionID), each))
      })

      const notKnown = (error: ClientError | Cause.TimeoutError) =>
        error._tag === "TimeoutError" ? `no answer within ${healthCheckTimeout / 1000} s` : line(error.message)

      const look = Effect.fnUntraced(function* (instance: Instance) {
        const askedAt = yield* Clock.currentTimeMillis
        const answer = yield* Effect.result(Effect.timeout(ask(instance), healthCheckTimeout))
        const found: Look =
          answer._tag === "Failure"
            ? { askedAt, known: false, reason: notKnown(answer.failure) }
            : { askedAt, known: true, count: answer.success.length, waiting: answer.success.slice(0, mostRemembered) }
        yield* Ref.update(looks, HashMap.set(instance.url, found))
      })

      const round = Effect.fn("Attention.round")(function* ({ instances }: Snapshot) {
        const online = instances.filter(({ health }) => health.state === "online")
        const urls = new Set(online.map(({ url }) => url))
        yield* Ref.update(
          looks,
          HashMap.filter((_, url) => urls.has(url)),
        )
        yield* Effect.forEach(online, look, { concurrency: askedAtOnce, discard: true }).pipe(
          // As with the probes, thousands of spans in every round would tell nobody anything.
          Effect.provideService(References.TracerEnabled, false),
          Effect.provideService(Tracer.DisablePropagation, true),
        )
      })

      /** One round at a time, always over the last snapshot, and none twice over the same: they cannot pile up. */
      const oneAtATime = yield* Semaphore.make(1)
      let asked: Snapshot | undefined
      const catchUp = Effect.flatMap(fleet.snapshot, (snapshot) =>
        Effect.suspend(() => {
          if (snapshot === asked) return Effect.void
          asked = snapshot
          return round(snapshot)
        }),
      ).pipe(
        // A defect costs one round, not all that follow.
        Effect.catchCauseIf(Cause.hasDies, (cause) => Effect.logError("asking what waits for a person died", cause)),
        oneAtATime.withPermits(1),
      )

      yield* fleet.changes.pipe(
        // Snapshots that have been overtaken are not kept until a long round is over.
        Stream.buffer({ capacity: 1, strategy: "sliding" }),
        Stream.runForEach(() => catchUp),
        Effect.forkScoped,
      )

      const settled = Effect.gen(function* () {
        // In the service's own scope: a round goes on when the one who waits for it does not any more.
        const running = yield* Effect.forkIn(catchUp, scope)
        yield* Effect.timeoutOption(Fiber.join(running), healthCheckTimeout)
        return yield* Ref.get(looks)
      }).pipe(Effect.withSpan("Attention.settled"))

      return Attention.of({ current: Ref.get(looks), settled })
    }),
  )
}
