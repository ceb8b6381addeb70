/** Finds a session by reference: its full id, a unique prefix of its id, a unique part of its title, or `latest`. */
import { Effect, Option, Schema } from "effect"
import { listText } from "../../text/listText.ts"
import { line, quote } from "../../text/plainText.ts"
import { type ClientError, SessionNotFound } from "../errors.ts"
import { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import { requestTimeout } from "../http/makeCall.ts"
import { isWithin } from "./isWithin.ts"
import type { Session } from "./Session.ts"
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

/** The most recently updated session that is not a subagent's. */
const latest = (sessions: ReadonlyArray<Session>) =>
  sessions.filter(({ parentID }) => parentID === undefined).slice(0, 1)

/**
 * The sessions of the server's own project. Only opencode 1 has one; there, `latest` on one instance must not be a session
 * that belongs to another.
 */
const ofOwnProject = (opencode: Opencode, sessions: ReadonlyArray<Session>) =>
  opencode.capabilities.statusScope === "server"
    ? Effect.succeed(sessions)
    : opencode
        .location(requestTimeout)
        .pipe(
          Effect.map(({ directory, worktree = directory }) =>
            sessions.filter((session) => isWithin(session.directory, worktree)),
          ),
        )

/** Finds the session. An empty reference finds none, because it is more likely a mistake than a request for any. */
export const resolveSession = Effect.fn("resolveSession")(function* (
  { instance, version }: Pick<Target, "instance" | "version">,
  opencode: Opencode,
  reference: string,
): Effect.fn.Return<Session, ClientError | AmbiguousSession> {
  const wanted = reference.trim()
  const missing = new SessionNotFound({ instance, session: wanted })
  if (wanted === "") return yield* missing
  const exact = yield* Option.match(asId(wanted), {
    onNone: () => Effect.succeedNone,
    onSome: (id) =>
      Effect.asSome(opencode.session(id)).pipe(Effect.catchTag("SessionNotFound", () => Effect.succeedNone)),
  })
  if (Option.isSome(exact)) return exact.value
  const { result: sessions, unreadable } = yield* countingUnreadable(opencode.sessions)
  const find = (among: ReadonlyArray<Session>) =>
    wanted.toLowerCase() === "latest" ? latest(among) : matching(among, wanted)
  const own = find(yield* ofOwnProject(opencode, sessions))
  const [session, ...others] = own.length > 0 ? own : find(sessions)
  if (session === undefined) {
    const unknown = notUnderstood(unreadable, version)
    return yield* unknown === undefined ? missing : new SessionNotFound({ ...missing, notUnderstood: unknown })
  }
  return others.length === 0
    ? session
    : yield* new AmbiguousSession({
        reference: wanted,
        candidates: [session, ...others].map(({ id, title }) => `${id} (${line(title, 60)})`),
      })
})
