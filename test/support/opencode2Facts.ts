/**
 * Reads the state of a real opencode 2 directly, without the code in `src/` that the tests compare with it.
 */
import { Effect, Schema } from "effect"
import type { OpencodeServer } from "./OpencodeServer.ts"

type Opencode = Pick<OpencodeServer, "url" | "directory" | "password">

const request = (opencode: Opencode, path: string, init: RequestInit) =>
  Effect.promise(async (signal) => {
    const authorization = `Basic ${btoa(`opencode:${opencode.password ?? ""}`)}`
    const response = await fetch(opencode.url + path, {
      ...init,
      signal,
      // opencode closes idle connections while a request is on its way.
      headers: { ...init.headers, authorization, connection: "close" },
    })
    if (!response.ok) throw new Error(`${path} answered with ${response.status}: ${await response.text()}`)
    return response.status === 204 ? undefined : await response.json()
  })

const get = <A>(opencode: Opencode, path: string, schema: Schema.ConstraintDecoder<A>) =>
  Effect.flatMap(request(opencode, path, {}), (answer) => Effect.orDie(Schema.decodeUnknownEffect(schema)(answer)))

const post = (opencode: Opencode, path: string, body: object) =>
  request(opencode, path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })

const Data = <A>(data: Schema.ConstraintDecoder<A>) => Schema.Struct({ data })

const Session = Schema.Struct({
  id: Schema.String,
  title: Schema.optional(Schema.String),
  outcome: Schema.optional(Schema.String),
})

const Content = Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) })

const Message = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  text: Schema.optional(Schema.String),
  content: Schema.optional(Schema.Array(Content)),
})

export const version = (opencode: Opencode) =>
  Effect.map(get(opencode, "/api/info", Schema.Struct({ version: Schema.String })), ({ version }) => version)

export const createSession = (opencode: Opencode, title?: string, agent?: string) =>
  post(opencode, "/api/session", { title, agent, location: { directory: opencode.directory } }).pipe(
    Effect.flatMap((answer) => Effect.orDie(Schema.decodeUnknownEffect(Data(Session))(answer))),
    Effect.map(({ data }) => data),
  )

export const session = (opencode: Opencode, id: string) =>
  Effect.map(get(opencode, `/api/session/${id}`, Data(Session)), ({ data }) => data)

/** All sessions in the database, most recently updated first. */
export const sessionsWithTitles = (opencode: Opencode) =>
  Effect.map(get(opencode, "/api/session?limit=1000", Data(Schema.Array(Session))), ({ data }) => data)

/** The session that was updated last, of any directory, and when. */
export const newest = (opencode: Opencode) =>
  Effect.map(
    get(
      opencode,
      "/api/session?limit=1",
      Data(Schema.Array(Schema.Struct({ id: Schema.String, time: Schema.Struct({ updated: Schema.Finite }) }))),
    ),
    ({ data }) => data,
  )

/** Their ids. */
export const sessions = (opencode: Opencode) =>
  Effect.map(sessionsWithTitles(opencode), (all) => all.map(({ id }) => id))

/** Starts a turn. */
export const prompt = (opencode: Opencode, session: string, text: string) =>
  post(opencode, `/api/session/${session}/prompt`, { text })

/** opencode does not check that there is such an agent. */
export const selectAgent = (opencode: Opencode, session: string, agent: string) =>
  post(opencode, `/api/session/${session}/agent`, { agent })

/** Returns when no turn is running in the session. */
export const wait = (opencode: Opencode, session: string) =>
  post(opencode, `/api/experimental/session/${session}/wait`, {})

export const isActive = (opencode: Opencode, session: string) =>
  Effect.map(
    get(opencode, "/api/session/active", Data(Schema.Record(Schema.String, Schema.Unknown))),
    ({ data }) => session in data,
  )

/** Messages, oldest first: a user's or an agent's text, or the type of any other entry in brackets. */
export const conversation = (opencode: Opencode, session: string) =>
  Effect.map(get(opencode, `/api/session/${session}/message?limit=200`, Data(Schema.Array(Message))), (all) =>
    all.data.toReversed().map(({ content, text, type }) => {
      if (type === "user") return text ?? ""
      return content === undefined ? `[${type}]` : content.map((each) => each.text ?? `(${each.type})`).join("")
    }),
  )

/** Ids of the session's pending requests. */
export const pending = (opencode: Opencode, kind: "permission" | "form", session: string) =>
  Effect.map(
    get(opencode, `/api/session/${session}/${kind}`, Data(Schema.Array(Schema.Struct({ id: Schema.String })))),
    ({ data }) => data.map(({ id }) => id),
  )

/** Ids of the prompts that are waiting in the inbox. */
export const inbox = (opencode: Opencode, session: string) =>
  Effect.map(
    get(opencode, `/api/session/${session}/inbox`, Data(Schema.Array(Schema.Struct({ id: Schema.String })))),
    ({ data }) => data.map(({ id }) => id),
  )

/** The texts of a session's prompts and answers, oldest first. */
export const texts = (opencode: Opencode, session: string) =>
  Effect.map(get(opencode, `/api/session/${session}/message?limit=200`, Data(Schema.Array(Message))), ({ data }) =>
    data.toReversed().flatMap(({ content = [], text = "", type }) => {
      if (type === "user") return [text]
      return type === "assistant" ? [content.map((each) => (each.type === "text" ? each.text : "")).join("")] : []
    }),
  )

export const deleteSession = (opencode: Opencode, session: string) =>
  request(opencode, `/api/session/${session}`, { method: "DELETE" })

export const interrupt = (opencode: Opencode, session: string) =>
  post(opencode, `/api/session/${session}/interrupt`, {})

/** Allows a permission once. */
export const allow = (opencode: Opencode, session: string, permission: string) =>
  post(opencode, `/api/session/${session}/permission/${permission}/reply`, { decision: "once" })

const InboxItem = Schema.Struct({ payload: Schema.optional(Schema.Struct({ text: Schema.optional(Schema.String) })) })

/** The texts of messages, and of prompts that are waiting in the inbox. */
export const received = (opencode: Opencode, session: string) =>
  Effect.zipWith(
    get(opencode, `/api/session/${session}/inbox`, Data(Schema.Array(InboxItem))),
    texts(opencode, session),
    ({ data }, stored) => [...stored, ...data.map(({ payload }) => payload?.text)],
  )
