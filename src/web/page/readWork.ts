/** Reads what the agents of the fleet do: the sessions that are not idle, and the requests that wait for a person, in full. */
import { Clock, Effect, HashMap, Option } from "effect"
import { Attention } from "../../fleet/attention/Attention.ts"
import type { PendingReport } from "../../fleet/attention/PendingReport.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { type Instance, isOnline } from "../../fleet/Instance.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { activitiesHere } from "../../opencode/sessions/activity.ts"
import { collectingBroken } from "../../opencode/sessions/BrokenDirectories.ts"
import type { Session, SessionStatus } from "../../opencode/sessions/Session.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { line } from "../../text/plainText.ts"
import { checkedSessions } from "../../tools/sessions/checkedSessions.ts"
import { unreadableView } from "../../tools/shared/unreadable.ts"

/** A request that waits for a person, and where. */
export interface OpenRequest {
  /** The instance's name. */
  readonly instance: string
  /** The session that asks; for a subagent, its own. */
  readonly session: Session
  /** That session, and those found above it: the conversations that show the request. */
  readonly family: ReadonlySet<SessionId>
  /** Whether a look at the whole fleet finds it, which leaves out, for example, old sessions of other projects. */
  readonly inFleet: boolean
  readonly pending: PendingRequest
}

/** A session that is not idle. */
export interface WorkingSession {
  readonly instance: string
  readonly session: Session
  readonly status: SessionStatus
  /** The number of requests that it waits for. */
  readonly waiting: number
}

export interface Work {
  readonly sessions: ReadonlyArray<WorkingSession>
  readonly requests: ReadonlyArray<OpenRequest>
  /** What could not be read, each as a sentence. */
  readonly problems: ReadonlyArray<string>
  /** The instances about which nothing is known, so that a request there may still be open. */
  readonly unknown: ReadonlySet<string>
}

/** Instances that are read at the same time. */
const concurrency = 8

const isActive = (report: PendingReport | undefined): boolean =>
  report?.known === true && (report.count > 0 || report.active > 0)

const nothing: Work = { sessions: [], requests: [], problems: [], unknown: new Set() }

export const makeReadWork = Effect.gen(function* () {
  const attention = yield* Attention
  const client = yield* OpencodeClient
  const fleet = yield* Fleet

  const readInstance = (name: string, instances: ReadonlyArray<Instance>) =>
    fleet.use(
      name,
      Effect.fnUntraced(function* (target, instance) {
        const opencode = client.at(target)
        const now = yield* Clock.currentTimeMillis
        const read = yield* countingUnreadable(
          collectingBroken(
            Effect.gen(function* () {
              const { checked } = yield* checkedSessions(instance, instances, opencode, now)
              return { checked, active: yield* activitiesHere(opencode, checked) }
            }),
          ),
        )
        const { active, checked } = read.result.result
        const known = new Map(checked.map((session) => [session.id, session]))
        const sessions = checked.flatMap((session): ReadonlyArray<WorkingSession> => {
          const activity = active.get(session.id)
          return activity === undefined || activity.status.type === "elsewhere"
            ? []
            : [{ instance: name, session, status: activity.status, waiting: activity.pending.length }]
        })
        // A subagent's request also belongs to the sessions above it.
        const asked = Map.groupBy(
          checked.flatMap((session) =>
            (active.get(session.id)?.pending ?? []).map((pending) => ({ session, pending })),
          ),
          ({ pending }) => pending.request.id,
        )
        const requests = [...asked.values()].flatMap((same): ReadonlyArray<OpenRequest> => {
          const [first] = same
          if (first === undefined) return []
          const { pending, session } = first
          return [
            {
              instance: name,
              session: known.get(pending.request.sessionID) ?? session,
              family: new Set([pending.request.sessionID, ...same.map(({ session: { id } }) => id)]),
              inFleet: true,
              pending,
            },
          ]
        })
        const { unreadable } = unreadableView(read.unreadable, target.version, "Something may wait there for a person.")
        return {
          sessions,
          requests,
          problems: [
            ...read.result.broken.map(
              ({ directory, error }) => `${name}: opencode cannot work in ${line(directory, 200)}: ${error.message}`,
            ),
            ...(unreadable === undefined ? [] : [`${name}: ${unreadable}`]),
          ],
          unknown: new Set<string>(),
        } satisfies Work
      }),
    )

  return Effect.gen(function* () {
    const { instances } = yield* fleet.snapshot
    const reports = yield* attention.current
    const online = instances.filter(isOnline)
    const active = online.filter(({ url }) => isActive(Option.getOrUndefined(HashMap.get(reports, url))))
    const unreported = online.filter(({ url }) => Option.getOrUndefined(HashMap.get(reports, url))?.known !== true)
    const read = yield* Effect.forEach(
      active,
      ({ name }) =>
        Effect.match(readInstance(name, instances), {
          onSuccess: (work): Work => work,
          onFailure: ({ message }): Work => ({ ...nothing, problems: [message], unknown: new Set([name]) }),
        }),
      { concurrency },
    )
    return {
      sessions: read.flatMap(({ sessions }) => sessions),
      requests: read.flatMap(({ requests }) => requests),
      problems: read.flatMap(({ problems }) => problems),
      unknown: new Set([...unreported.map(({ name }) => name), ...read.flatMap(({ unknown }) => [...unknown])]),
    } satisfies Work
  }).pipe(Effect.withSpan("page.readWork"))
})
