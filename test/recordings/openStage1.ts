/** Creates and records a session of opencode 1. */
import { Effect, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { freshMessageId } from "../../src/opencode/Identifiers.ts"
import type { OpencodeServer } from "../support/OpencodeServer.ts"
import type { Moment, Prompted, Stage } from "./Stage.ts"
import { eventually, openTape } from "./tape.ts"

const Raw = Schema.Record(Schema.String, Schema.Unknown)

/** A raw frame of `/global/event` without its envelope. */
const Frame = Schema.Struct({ payload: Schema.Struct({ type: Schema.String, properties: Schema.optionalKey(Raw) }) })
type Frame = typeof Frame.Type

const Created = Schema.Struct({ info: Schema.Struct({ id: Schema.String, parentID: Schema.String }) })
const isCreated = Schema.is(Created)

const OfSession = Schema.Struct({ id: Schema.String, sessionID: Schema.String })
const isOfSession = Schema.is(OfSession)

/** Events that repeat others in another form, or do not concern the turn. */
const isNoise = (type: string) => !/^(session|message|permission|question)\./u.test(type) || type === "session.diff"

const typeAt: Readonly<Record<Moment, string>> = {
  "text was streamed": "message.part.delta",
  "a permission is open": "permission.asked",
  "a question is open": "question.asked",
  "the provider will be asked again": "session.status",
  "the session was compacted": "session.compacted",
  "a turn failed": "session.error",
  "a turn ended": "session.idle",
}

const shows = (moment: Moment, session: string, { payload: { properties = {}, type } }: Frame) => {
  if (type !== typeAt[moment]) return false
  if (moment === "the provider will be asked again") return JSON.stringify(properties).includes('"type":"retry"')
  return moment !== "a turn ended" || properties["sessionID"] === session
}

/** Creates a session and starts recording, until the scope closes. */
export const openStage1 = Effect.fnUntraced(function* (opencode: OpencodeServer) {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest(HttpClientRequest.prependUrl(opencode.url)),
    HttpClient.filterStatusOk,
  )
  const get = <A>(path: string, schema: Schema.Codec<A, unknown>) =>
    client.get(path).pipe(
      Effect.flatMap((response) => response.json),
      Effect.flatMap(Schema.decodeUnknownEffect(schema)),
    )
  const post = (path: string, body: unknown) =>
    Effect.flatMap(HttpClientRequest.bodyJson(HttpClientRequest.post(path), body), client.execute)
  const here = `directory=${encodeURIComponent(opencode.directory)}`

  const { id: session } = yield* post("/session", { title: "Recorded" }).pipe(
    Effect.flatMap((response) => response.json),
    Effect.flatMap(Schema.decodeUnknownEffect(Schema.Struct({ id: Schema.String }))),
  )
  const family = new Set([session])
  const isOfFamily = ({ payload: { properties = {}, type } }: Frame) => {
    if (isCreated(properties) && family.has(properties.info.parentID)) family.add(properties.info.id)
    return !isNoise(type) && family.has(String(properties["sessionID"]))
  }
  const tape = yield* openTape<Frame>(client, opencode, {
    path: "/global/event",
    decode: Schema.decodeEffect(Schema.fromJsonString(Frame)),
    type: ({ payload }) => payload.type,
    isKept: isOfFamily,
  })

  const statuses = get(`/session/status?${here}`, Raw)

  const ofFamily = (path: string) =>
    Effect.map(get(`${path}?${here}`, Schema.Array(Schema.Unknown)), (all) =>
      all.filter((each) => isOfSession(each) && family.has(each.sessionID)),
    )

  const until = (moment: Moment) => tape.seen((frame) => shows(moment, session, frame))

  return {
    session,
    log: tape.log,
    children: Effect.sync(() => [...family].filter((id) => id !== session)),
    until,
    snapshot: Effect.gen(function* () {
      yield* tape.quiet
      const after = (yield* tape.log).length
      const messages: Record<string, unknown> = {}
      for (const id of family) messages[id] = yield* get(`/session/${id}/message`, Schema.Unknown)
      const busy = Object.entries(yield* statuses).filter(([id]) => family.has(id))
      return {
        after,
        status: Object.fromEntries(busy),
        permissions: yield* ofFamily("/permission"),
        questions: yield* ofFamily("/question"),
        messages,
      }
    }),
    pending: (kind) =>
      until(`a ${kind} is open`).pipe(
        Effect.andThen(ofFamily(`/${kind}`)),
        Effect.flatMap((all) => Effect.fromNullishOr(all.find(isOfSession)?.id)),
      ),
    prompt: Effect.fnUntraced(function* (text, options) {
      const prompt = yield* freshMessageId
      const begun = (yield* tape.log).length
      yield* post(`/session/${session}/prompt_async`, {
        messageID: prompt,
        ...options,
        parts: [{ type: "text", text }],
      })
      return { prompt, begun } satisfies Prompted
    }),
    abort: post(`/session/${session}/abort`, {}),
    summarize: post(`/session/${session}/summarize`, { providerID: "scripted", modelID: "scripted" }),
    replyPermission: (id, body) => post(`/permission/${id}/reply?${here}`, body),
    replyQuestion: (id, answers) => post(`/question/${id}/reply?${here}`, { answers }),
    rejectQuestion: (id) => post(`/question/${id}/reject?${here}`, {}),
    idle: statuses.pipe(
      Effect.repeat({ until: (all) => !(session in all), schedule: eventually }),
      Effect.andThen(tape.quiet),
    ),
    restart: tape.restart,
  } satisfies Stage
}, Effect.provide(FetchHttpClient.layer))
