/** The sessions of the fleet that are busy now. */
import { Clock, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { type Instance, isOnline } from "../../fleet/Instance.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { collectingBroken } from "../../opencode/sessions/BrokenDirectories.ts"
import { type Activity, activities } from "../../opencode/sessions/activity.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { latestOf } from "../../opencode/sessions/sessionReference.ts"
import { checkedSessions } from "../sessions/checkedSessions.ts"
import { errorText } from "../shared/errorText.ts"
import type { Unchecked } from "./manyView.ts"

/** Number of instances that are asked concurrently. */
const concurrency = 16

/** The turn of a busy session contains those of its subagents. */
const withoutSubagents = (sessions: ReadonlyArray<Session>, active: ReadonlyMap<SessionId, Activity>) =>
  sessions.filter(({ id, parentID }) => active.has(id) && (parentID === undefined || !active.has(parentID)))

/** Reads the busy sessions of each online instance, and, if asked for, the one that is called `latest`. */
export const makeReadActivity = Effect.fnUntraced(function* (withLatest: boolean) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const read = (name: string, instances: ReadonlyArray<Instance>) =>
    fleet.use(name, (target, instance) =>
      Effect.gen(function* () {
        const opencode = client.at(target)
        const { checked, sessions } = yield* checkedSessions(
          instance,
          instances,
          opencode,
          yield* Clock.currentTimeMillis,
        )
        const active = yield* activities(opencode, checked)
        const latest = withLatest ? yield* latestOf(opencode, sessions) : undefined
        return { instance: name, busy: withoutSubagents(checked, active), latest }
      }).pipe(
        collectingBroken,
        Effect.map(({ result }) => result),
      ),
    )
  return Effect.gen(function* () {
    const { instances } = yield* fleet.snapshot
    const online = instances.filter(isOnline)
    const [found, unchecked] = yield* Effect.partition(
      online,
      ({ name }) =>
        Effect.mapError(read(name, instances), (error): Unchecked => ({ instance: name, error: errorText(error) })),
      { concurrency },
    )
    return { found, unchecked }
  })
})

export interface BusySession {
  readonly instance: string
  readonly session_id: string
  readonly title: string
}

/** The busy sessions of the fleet, and the instances that could not be asked. */
export const makeReadBusySessions = Effect.map(
  makeReadActivity(false),
  Effect.map(({ found, unchecked }) => ({
    sessions: found.flatMap(({ busy, instance }) =>
      busy.map(({ id, title }): BusySession => ({ instance, session_id: id, title })),
    ),
    unchecked,
  })),
)
