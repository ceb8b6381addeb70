/** How a session is named by whoever calls a tool: full id, unique beginning of an id, unique part of a title, `latest`. */
import { Effect, Option, Schema } from "effect"
import { line, quote } from "../../text/plainText.ts"
import { type ClientError, SessionNotFound } from "../errors.ts"
import { SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { Session } from "./Session.ts"

/** The reference matches several sessions. Each candidate starts with its full id. */
export class AmbiguousSession extends Schema.TaggedError<AmbiguousSession>()("AmbiguousSession", {
  asked: Schema.String,
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    const shown = this.candidates.slice(0, 10)
    const rest = this.candidates.length - shown.length
    return `${quote(this.asked)} matches several sessions: ${shown.join("; ")}${rest > 0 ? ` and ${rest} more` : ""}.`
  }
}

const asId = Schema.decodeOption(SessionId)

/** All ids begin alike: with fewer characters than this nobody means one session, not even where there is only one. */
const shortestId = "ses_".length + 4

const fitting = (sessions: ReadonlyArray<Session>, asked: string): ReadonlyArray<Session> => {
  const byId = asked.length < shortestId ? [] : sessions.filter(({ id }) => id.startsWith(asked))
  if (byId.length > 0) return byId
  const folded = asked.toLowerCase()
  return sessions.filter(({ title }) => title.toLowerCase().includes(folded))
}

/** While a subagent works, its session is the one updated last: nobody means that one. */
const latest = (sessions: ReadonlyArray<Session>) =>
  sessions.filter(({ parentID }) => parentID === undefined).slice(0, 1)

/** Finds the session that is meant. An empty name fits none: it is far likelier a mistake than a wish for any. */
export const resolveSession = Effect.fn("resolveSession")(function* (
  instance: string,
  opencode: Opencode,
  reference: string,
): Effect.fn.Return<Session, ClientError | AmbiguousSession> {
  const asked = reference.trim()
  const missing = new SessionNotFound({ instance, session: asked })
  if (asked === "") return yield* missing
  const exact = yield* Option.match(asId(asked), {
    onNone: () => Effect.succeedNone,
    onSome: (id) =>
      Effect.asSome(opencode.session(id)).pipe(Effect.catchTag("SessionNotFound", () => Effect.succeedNone)),
  })
  if (Option.isSome(exact)) return exact.value
  const sessions = yield* opencode.sessions
  const [found, ...others] = asked.toLowerCase() === "latest" ? latest(sessions) : fitting(sessions, asked)
  if (found === undefined) return yield* missing
  return others.length === 0
    ? found
    : yield* new AmbiguousSession({
        asked,
        candidates: [found, ...others].map(({ id, title }) => `${id} (${line(title, 60)})`),
      })
})
