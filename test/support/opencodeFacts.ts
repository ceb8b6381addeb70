/**
 * Reads the state of a real opencode directly, without the code in `src/` that the tests compare with it.
 */
import { Effect, Schema } from "effect"
import type { RealOpencode } from "./RealOpencode.ts"

type Opencode = Pick<RealOpencode["Service"], "url" | "directory"> & { readonly password?: string | undefined }

const request = (opencode: Opencode, path: string, init: RequestInit) =>
  Effect.promise(async (signal) => {
    const authorization = `Basic ${btoa(`opencode:${opencode.password ?? ""}`)}`
    const response = await fetch(opencode.url + path, { ...init, signal, headers: { ...init.headers, authorization } })
    if (!response.ok) throw new Error(`${path} answered with ${response.status}`)
    return response.status === 204 ? undefined : await response.json()
  })

const get = <A>(opencode: Opencode, path: string, schema: Schema.ConstraintDecoder<A>) =>
  Effect.flatMap(request(opencode, path, {}), (answer) => Effect.orDie(Schema.decodeUnknownEffect(schema)(answer)))

const post = (opencode: Opencode, path: string, body: unknown) =>
  request(opencode, path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })

const Session = Schema.Struct({ id: Schema.String, title: Schema.String })

const Updated = Schema.Struct({ id: Schema.String, time: Schema.Struct({ updated: Schema.Finite }) })

const Message = Schema.Struct({
  info: Schema.Struct({ id: Schema.String, role: Schema.String }),
  parts: Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) })),
})

const Pending = Schema.Array(Schema.Struct({ id: Schema.String, sessionID: Schema.String }))

const Status = Schema.Record(Schema.String, Schema.Struct({ type: Schema.String }))

const here = ({ directory }: Opencode) => `directory=${encodeURIComponent(directory)}`

/** The texts of a session's messages, oldest first. */
export const texts = (opencode: Opencode, session: string) =>
  Effect.map(get(opencode, `/session/${session}/message`, Schema.Array(Message)), (messages) =>
    messages.map(({ parts }) => parts.map(({ text }) => text ?? "").join("")),
  )

export const sessions = (opencode: Opencode) => get(opencode, "/session", Schema.Array(Session))

/** The session that was updated last, of any directory, and when. */
export const newest = (opencode: Opencode) => get(opencode, "/experimental/session?limit=1", Schema.Array(Updated))

export const createSession = (opencode: Opencode, title: string, agent?: string) =>
  Effect.flatMap(post(opencode, `/session?${here(opencode)}`, { title, agent }), (answer) =>
    Effect.orDie(Schema.decodeUnknownEffect(Session)(answer)),
  )

/** The session's status, as opencode reports it. */
export const status = (opencode: Opencode, session: string) =>
  Effect.map(get(opencode, `/session/status?${here(opencode)}`, Status), (all) => all[session]?.type ?? "idle")

/** Starts a turn without the program under test. */
export const prompt = (opencode: Opencode, session: string, text: string) =>
  post(opencode, `/session/${session}/prompt_async`, { parts: [{ type: "text", text }] })

/**
 * Stores a message that opencode 1.18.33 cannot send any more: a page that holds one with an output format, and the session's
 * beginning, is answered with 400. Returns the status of such a page.
 */
export const promptUnreadably = Effect.fnUntraced(function* (opencode: Opencode, session: string, text: string) {
  const format = { type: "json_schema", schema: { type: "object", properties: {} } }
  yield* post(opencode, `/session/${session}/message`, { format, noReply: true, parts: [{ type: "text", text }] })
  return yield* Effect.promise(async () => {
    const authorization = `Basic ${btoa(`opencode:${opencode.password ?? ""}`)}`
    return (await fetch(`${opencode.url}/session/${session}/message?limit=50`, { headers: { authorization } })).status
  })
})

export const deleteSession = (opencode: Opencode, session: string) =>
  request(opencode, `/session/${session}`, { method: "DELETE" })

export const abort = (opencode: Opencode, session: string) => post(opencode, `/session/${session}/abort`, {})

/** Ids of the session's pending requests. */
export const pending = (opencode: Opencode, kind: "permission" | "question", session: string) =>
  Effect.map(get(opencode, `/${kind}?${here(opencode)}`, Pending), (all) =>
    all.filter(({ sessionID }) => sessionID === session).map(({ id }) => id),
  )

/** Decides it. */
export const reply = (opencode: Opencode, kind: "permission" | "question", id: string, body: unknown) =>
  post(opencode, `/${kind}/${id}/reply?${here(opencode)}`, body)
