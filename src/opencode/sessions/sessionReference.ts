/** Finds a session by reference: its full id, a unique prefix of its id, a unique part of its title, or `latest`. */
import { Array, Effect, Option, Schema } from "effect"
import { listText } from "../../text/listText.ts"
import { line, quote } from "../../text/plainText.ts"
import { type ClientError, SessionNotFound } from "../errors.ts"
import { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import { requestTimeout } from "../http/makeCall.ts"
import { isWithin } from "./isWithin.ts"
import { OwnSessions } from "./OwnSessions.ts"
import type { Placed, Session } from "./Session.ts"
import type { Target } from "../Target.ts"
import { countingUnreadable, notUnderstood } from "../Unreadable.ts"

/** The reference matches several sessions. Each candidate starts with its full id. */
export class AmbiguousSession extends Schema.TaggedError<AmbiguousSession>()("AmbiguousSession", {
  reference: Schema.String,
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    return `${quote(this.reference)} matches several sessions: ${listText(this.candidates, 10, "; ")}.`
  }
}

const asId = Schema.decodeOption(SessionId)

/** A shorter prefix matches no id, because all ids begin alike. */
const minIdLength = "ses_".length + 4

const matching = (sessions: ReadonlyArray<Session>, wanted: string): ReadonlyArray<Session> => {
  const byId = wanted.length < minIdLength ? [] : sessions.filter(({ id }) => id.startsWith(wanted))
  if (byId.length > 0) return byId
  const folded = wanted.toLowerCase()
  return sessions.filter(({ title }) => title.toLowerCase().includes(folded))
}

/** Whether a directory is in that of the server's own project. Only opencode 1 has one. */
const inOwnProject = (opencode: Opencode): Effect.Effect<(placed: Placed) => boolean, ClientError> =>
  opencode.capabilities.statusScope === "server"
    ? Effect.succeed(() => true)
    : Effect.map(
        opencode.location(requestTimeout),
        ({ directory, worktree = directory }) =>
          (placed) =>
            isWithin(placed.directory, worktree),
      )

const sharesProject = (places: ReadonlyArray<Placed>) => {
  const projects = new Set(places.map(({ project }) => project))
  return ({ project }: Placed): boolean => project !== undefined && projects.has(project)
}

const isLatest = (reference: string) => reference.trim().toLowerCase() === "latest"

/**
 * The most recently updated session that is not a subagent's, of the server's own project with its worktrees if there is one.
 * `own`: the sessions that may belong to the server, sorted by update, newest first.
 */
export const latestOf = Effect.fnUntraced(function* (opencode: Opencode, own: ReadonlyArray<Session>) {
  const started = own.filter(({ parentID }) => parentID === undefined)
  const isOwn = yield* inOwnProject(opencode)
  const inDirectory = started.filter(isOwn)
  const known =
    inDirectory.length > 0 || started.every(({ project }) => project === undefined)
      ? inDirectory
      : (yield* opencode.projects.pipe(
          countingUnreadable,
          Effect.match({ onFailure: () => [], onSuccess: ({ result }) => result }),
        )).filter(isOwn)
  const inWorktree = sharesProject(known)
  return started.find((session) => isOwn(session) || inWorktree(session)) ?? started[0]
})

/**
 * The matches in the server's own project if there are any, otherwise all. A worktree of the project can lie outside of its
 * directory.
 */
const preferred = (
  own: ReadonlyArray<Session>,
  all: ReadonlyArray<Session>,
  find: (among: ReadonlyArray<Session>) => ReadonlyArray<Session>,
): ReadonlyArray<Session> => {
  const found = find(own)
  const every = find(all)
  if (found.length === 0) return every
  const others = every.filter((session) => !found.includes(session))
  return [...found, ...others.filter(sharesProject(found))]
}

/**
 * All sessions that the reference matches, at least one. An empty reference matches none, because it is more likely a mistake
 * than a request for any.
 */
export const matchingSessions = Effect.fnUntraced(function* (
  { instance, version }: Pick<Target, "instance" | "version">,
  opencode: Opencode,
  reference: string,
): Effect.fn.Return<Array.NonEmptyReadonlyArray<Session>, ClientError> {
  const wanted = reference.trim()
  const missing = new SessionNotFound({ instance, session: wanted })
  if (wanted === "") return yield* missing
  const exact = yield* Option.match(asId(wanted), {
    onNone: () => Effect.succeedNone,
    onSome: (id) =>
      Effect.asSome(opencode.session(id)).pipe(Effect.catchTag("SessionNotFound", () => Effect.succeedNone)),
  })
  if (Option.isSome(exact)) return [exact.value]
  const { result: sessions, unreadable } = yield* countingUnreadable(opencode.sessions)
  const found = isLatest(wanted)
    ? Array.fromOption(
        Option.fromUndefinedOr(yield* latestOf(opencode, yield* (yield* OwnSessions)(opencode, sessions))),
      )
    : preferred(sessions.filter(yield* inOwnProject(opencode)), sessions, (among) => matching(among, wanted))
  if (Array.isReadonlyArrayNonEmpty(found)) return found
  const unknown = notUnderstood(unreadable, version)
  return yield* unknown === undefined ? missing : new SessionNotFound({ ...missing, notUnderstood: unknown })
})

/** The directories are named only if they tell the sessions apart. */
const described = (sessions: Array.NonEmptyReadonlyArray<Session>): ReadonlyArray<string> => {
  const [{ directory: first }] = sessions
  const differ = sessions.some(({ directory }) => directory !== first)
  return sessions.map(
    ({ directory, id, title }) => `${id} (${line(title, 60)}${differ ? `, in ${line(directory, 200)}` : ""})`,
  )
}

/** The only session that the reference matches. */
export const resolveSession = Effect.fn("resolveSession")(function* (
  target: Pick<Target, "instance" | "version">,
  opencode: Opencode,
  reference: string,
): Effect.fn.Return<Session, ClientError | AmbiguousSession> {
  const found = yield* matchingSessions(target, opencode, reference)
  return found.length === 1
    ? found[0]
    : yield* new AmbiguousSession({ reference: reference.trim(), candidates: described(found) })
})
