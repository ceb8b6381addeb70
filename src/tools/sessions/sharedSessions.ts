/**
 * Several instances with the same sessions: the servers of one user share one database. Each session is listed once.
 *
 * On opencode 1, at the instance whose directory or project it belongs to, and otherwise at the first of them. On opencode 2,
 * at the instance that is running it, and otherwise at the first of them, the user's service before others.
 */
import { Effect, Option } from "effect"
import type { Fleet } from "../../fleet/Fleet.ts"
import { knownHomes, mayShare } from "../../fleet/homes.ts"
import type { Instance } from "../../fleet/Instance.ts"
import type { ClientError } from "../../opencode/errors.ts"
import type { SessionId } from "../../opencode/Identifiers.ts"
import type { Opencode, OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { SessionsView } from "./sessionSchemas.ts"

/** Maximum number of other instances that are asked. */
const maxOthers = 8

/** Number of newest sessions that are compared. */
const compared = 5

/** How long the other instances may take; one that does not answer does not hide anything. */
const timeout = "2 seconds"

const isService = ({ transports }: Instance) => transports.includes("service")

/** Whether the instance lists the sessions that none of them is running. */
const precedes = (one: Instance, other: Instance) =>
  isService(one) === isService(other) ? one.name < other.name : isService(one)

/** The sessions, and with each the root of its family: the session that a person has started. */
const rootsOf = (sessions: ReadonlyArray<Session>) => {
  const parents = new Map(sessions.map(({ id, parentID }) => [id, parentID]))
  return (session: SessionId) => {
    const seen = new Set<SessionId>()
    let root = session
    for (let parent = parents.get(root); parent !== undefined && !seen.has(parent); parent = parents.get(root)) {
      seen.add(parent)
      root = parent
    }
    return root
  }
}

/** opencode 1 would have to load every directory, and tells nothing about the turns of its other servers. */
const activeOn = (opencode: Opencode): Effect.Effect<ReadonlyMap<string, unknown>, ClientError> =>
  opencode.capabilities.statusScope === "server" ? opencode.statuses("") : Effect.succeed(new Map<string, unknown>())

interface SharedSessions {
  /** Those that this instance lists. */
  readonly own: ReadonlyArray<Session>
  /** Where the others are listed. */
  readonly elsewhere: NonNullable<SessionsView["listed_at"]>
}

/** Chooses which of its sessions an instance lists. Asks only instances of the same version on the same machine. */
export const makeSharedSessions = (fleet: Fleet["Service"], client: OpencodeClient["Service"]) => {
  /** The ids of the sessions that the other instance is running, if it has the same sessions. */
  const activeAt = (other: Instance, known: ReadonlySet<SessionId>) =>
    fleet
      .use(other.name, (target) =>
        Effect.gen(function* () {
          const opencode = client.at(target)
          const newest = yield* opencode.newestSessions(compared)
          const active = yield* activeOn(opencode)
          return newest.some(({ id }) => known.has(id)) ? [{ other, active: new Set(active.keys()) }] : []
        }),
      )
      .pipe(Effect.timeout(timeout), Effect.option, Effect.map(Option.getOrElse(() => [])))

  return Effect.fnUntraced(function* (name: string, sessions: ReadonlyArray<Session>, opencode: Opencode) {
    const { instances } = yield* fleet.snapshot
    const one = instances.find((instance) => instance.name === name)
    const candidates = one === undefined ? [] : instances.filter((other) => mayShare(one, other)).slice(0, maxOthers)
    if (one === undefined || candidates.length === 0) return { own: sessions, elsewhere: [] } satisfies SharedSessions
    const known = new Set(sessions.map(({ id }) => id))
    const sharing = (yield* Effect.forEach(candidates, (other) => activeAt(other, known), {
      concurrency: "unbounded",
    })).flat()
    const rootOf = rootsOf(sessions)
    const rootsAt = (active: Iterable<string>) => {
      const running = new Set(active)
      return new Set(sessions.flatMap(({ id }) => (running.has(id) ? [rootOf(id)] : [])))
    }
    const here = rootsAt(
      (yield* Effect.orElseSucceed(activeOn(opencode), (): ReadonlyMap<string, unknown> => new Map())).keys(),
    )
    const others = sharing.map(({ active, other }) => ({ other, roots: rootsAt(active) }))
    const first = others
      .map(({ other }) => other)
      .reduce((before, other) => (precedes(other, before) ? other : before), one)
    const byId = new Map(sessions.map((session) => [session.id, session]))
    const home =
      one.health.api === 1
        ? yield* knownHomes(opencode, [one, ...others.map(({ other }) => other)], sessions)
        : undefined
    const running = (root: SessionId) => (here.has(root) ? one : others.find(({ roots }) => roots.has(root))?.other)
    const atHome = (root: SessionId) => {
      const session = byId.get(root)
      return session && home?.(session)
    }
    /** The instance that lists a family. */
    const listing = (root: SessionId) => atHome(root) ?? running(root) ?? first
    const own = sessions.filter(({ id }) => listing(rootOf(id)) === one)
    const families = new Set(sessions.map(({ id }) => rootOf(id)))
    const elsewhere = others.flatMap(({ other }) => {
      const count = [...families].filter((root) => listing(root) === other).length
      return count === 0 ? [] : [{ instance: other.name, session_count: count }]
    })
    return { own, elsewhere } satisfies SharedSessions
  })
}
