/** The handler of list_sessions. */
import { Clock, type Duration, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Instance } from "../../fleet/Instance.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { type Activity, detailedActivities, worthAsking } from "../../opencode/sessions/activity.ts"
import { type BrokenDirectory, collectingBroken } from "../../opencode/sessions/BrokenDirectories.ts"
import { MessageCounts } from "../../opencode/sessions/MessageCounts.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { Target } from "../../opencode/Target.ts"
import { countingUnreadable } from "../../opencode/Unreadable.ts"
import { iso } from "../shared/time.ts"
import { unreadableView } from "../shared/unreadable.ts"
import { brokenView } from "./brokenView.ts"
import { families, type ListOptions } from "./families.ts"
import { sessionView } from "./sessionView.ts"
import { makeSharedSessions } from "./sharedSessions.ts"

const sessionsByDefault = 20

/** Why it is unknown what a session is doing; undefined if it is known. */
const unknownAmong = (asked: ReadonlyArray<Session>, broken: ReadonlyArray<BrokenDirectory>) => {
  const known = new Set(asked)
  const refused = new Set(broken.map(({ directory }) => directory))
  return (session: Session) => {
    if (!known.has(session)) return "not asked: opencode would have to load its directory; get_session asks"
    return refused.has(session.directory) ? "opencode cannot work in its directory" : undefined
  }
}

export interface CountingOptions {
  /** How long list_sessions waits for messages to be counted. Default: not at all. */
  readonly countsWithin?: Duration.Input | undefined
}

export const makeListSessions = Effect.fnUntraced(function* ({ countsWithin }: CountingOptions) {
  const client = yield* OpencodeClient
  const counts = yield* MessageCounts
  const sharedSessions = makeSharedSessions(yield* Fleet, client)

  const viewOf = (active: ReadonlyMap<SessionId, Activity>, unknown: (session: Session) => string | undefined) =>
    Effect.fnUntraced(function* (session: Session) {
      const detail = unknown(session)
      if (detail !== undefined) {
        return { ...sessionView(yield* Clock.currentTimeMillis, session), status: "unknown" as const, detail }
      }
      const activity = active.get(session.id)
      const count = activity === undefined ? yield* counts.known(session) : undefined
      return sessionView(yield* Clock.currentTimeMillis, session, activity, count)
    })

  return Effect.fnUntraced(function* (
    target: Target,
    { directory: home }: Instance,
    { directory = "", limit = sessionsByDefault, offset = 0, search = "" }: ListOptions,
  ) {
    const opencode = client.at(target)
    const { result: sessions, unreadable } = yield* countingUnreadable(opencode.sessions)
    const { elsewhere, own } = yield* sharedSessions(target.instance, sessions, opencode)
    const { counts: counted, shown, subagents } = families(own, { directory, limit, offset, search })
    const now = yield* Clock.currentTimeMillis
    // All directories of the shown sessions, except those that opencode would have to load only to say that they are idle.
    const asked = worthAsking(opencode, shown, { home, limit: shown.length, now })
    const { broken, result: active } = yield* collectingBroken(detailedActivities(opencode, asked))
    const unknown = unknownAmong(asked, broken)
    const counting = yield* counts.countLater(
      target,
      shown.filter((session) => !active.has(session.id) && unknown(session) === undefined),
    )
    if (countsWithin !== undefined) yield* Effect.timeoutOption(counting, countsWithin)
    return {
      instance: target.instance,
      as_of: iso(yield* Clock.currentTimeMillis),
      ...counted,
      ...(elsewhere.length === 0 ? {} : { listed_at: elsewhere }),
      ...brokenView(broken),
      ...unreadableView(unreadable, target.version),
      sessions: (yield* Effect.forEach(shown, viewOf(active, unknown))).map((view, index) => {
        const [root] = shown.slice(index, index + 1)
        const count = root === undefined ? undefined : subagents.get(root.id)
        return count === undefined ? view : { ...view, subagent_count: count }
      }),
    }
  })
})
