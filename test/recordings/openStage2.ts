/** Creates and records a session of opencode 2. */
import { Effect, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { freshMessageId } from "../../src/opencode/Identifiers.ts"
import type { OpencodeServer } from "../support/OpencodeServer.ts"
import type { Moment, Prompted, Stage } from "./Stage.ts"
import { eventually, openTape } from "./tape.ts"

const Raw = Schema.Record(Schema.String, Schema.Unknown)
type Raw = typeof Raw.Type

/** A raw frame of `/api/event` without its id. */
const Frame = Schema.Struct({
  type: Schema.String,
  created: Schema.optionalKey(Schema.Finite),
  durable: Schema.optionalKey(Raw),
  data: Schema.optionalKey(Raw),
})
type Frame = typeof Frame.Type

const Data = <A>(data: Schema.Codec<A, unknown>) => Schema.Struct({ data })
const WithId = Schema.Struct({ id: Schema.String })
const Form = Schema.Struct({ sessionID: Schema.String })
const isForm = Schema.is(Form)

/** opencode's maximum for one page. */
const maxPage = 200

/** Not those of the server, of directories and of shells, and not the running costs, which the next step repeats. */
const isNoise = (type: string) => !/^(session|permission|form)\./u.test(type) || type === "session.usage.updated"

const typesAt: Readonly<Record<Moment, RegExp>> = {
  "text was streamed": /^session\.text\.delta$/u,
  "a permission is open": /^permission\.asked$/u,
  "a question is open": /^form\.created$/u,
  "the provider will be asked again": /^session\.retry\.scheduled$/u,
  "the session was compacted": /^session\.compaction\.ended$/u,
  "a turn failed": /^session\.execution\.failed$/u,
  "a turn ended": /^session\.execution\.(succeeded|failed|interrupted)$/u,
}

/** A form's event has its session in the form. */
const sessionOf = ({ data = {} }: Frame) => {
  const { form, sessionID } = data
  return String(isForm(form) ? form.sessionID : sessionID)
}

/** Creates a session and starts recording, until the scope closes. */
export const openStage2 = Effect.fnUntraced(function* (opencode: OpencodeServer) {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      request.pipe(
        HttpClientRequest.prependUrl(`${opencode.url}/api`),
        HttpClientRequest.basicAuth("opencode", opencode.password ?? ""),
      ),
    ),
    HttpClient.filterStatusOk,
  )
  const get = <A>(path: string, schema: Schema.Codec<A, unknown>) =>
    client.get(path).pipe(
      Effect.flatMap((response) => response.json),
      Effect.flatMap(Schema.decodeUnknownEffect(Data(schema))),
      Effect.map(({ data }) => data),
    )
  const post = (path: string, body: unknown) =>
    Effect.flatMap(HttpClientRequest.bodyJson(HttpClientRequest.post(path), body), client.execute)

  const { id: session } = yield* post("/session", {
    title: "Recorded",
    location: { directory: opencode.directory },
  }).pipe(
    Effect.flatMap((response) => response.json),
    Effect.flatMap(Schema.decodeUnknownEffect(Data(WithId))),
    Effect.map(({ data }) => data),
  )
  const here = `/session/${session}`
  const family = new Set([session])
  const isOfFamily = (frame: Frame) => {
    const { data = {}, type } = frame
    if (type === "session.created" && family.has(String(data["parentID"]))) family.add(String(data["sessionID"]))
    return !isNoise(type) && family.has(sessionOf(frame))
  }
  const tape = yield* openTape<Frame>(client, opencode, {
    path: "/event",
    decode: Schema.decodeEffect(Schema.fromJsonString(Frame)),
    type: ({ type }) => type,
    isKept: isOfFamily,
  })

  /** The entries of a list of each session. */
  const ofFamily = Effect.fnUntraced(function* (list: string) {
    const all: Record<string, ReadonlyArray<Raw>> = {}
    for (const id of family) all[id] = yield* get(`/session/${id}/${list}`, Schema.Array(Raw))
    return all
  })

  const active = get("/session/active", Raw)
  const answer = (list: "permission" | "form", id: string, body: unknown) =>
    Effect.flatMap(ofFamily(list), (all) =>
      Effect.forEach(
        Object.entries(all).filter(([, requests]) => requests.some((request) => request["id"] === id)),
        ([owner]) => post(`/session/${owner}/${list}/${id}/reply`, body),
      ),
    )
  const until = (moment: Moment) =>
    tape.seen(
      (frame) => typesAt[moment].test(frame.type) && (moment !== "a turn ended" || sessionOf(frame) === session),
    )

  return {
    session,
    log: tape.log,
    children: Effect.sync(() => [...family].filter((id) => id !== session)),
    until,
    snapshot: Effect.gen(function* () {
      yield* tape.quiet
      return {
        after: (yield* tape.log).length,
        active: Object.keys(yield* active).filter((id) => family.has(id)),
        permissions: yield* ofFamily("permission"),
        forms: yield* ofFamily("form"),
        inbox: yield* ofFamily("inbox"),
        // Newest first.
        messages: yield* ofFamily(`message?limit=${maxPage}`),
      }
    }),
    pending: (kind) =>
      until(`a ${kind} is open`).pipe(
        Effect.andThen(ofFamily(kind === "permission" ? "permission" : "form")),
        Effect.flatMap((all) => Effect.fromNullishOr(Object.values(all).flat()[0])),
        Effect.flatMap(Schema.decodeUnknownEffect(WithId)),
        Effect.map(({ id }) => id),
      ),
    prompt: Effect.fnUntraced(function* (text, { agent, model } = {}) {
      const prompt = yield* freshMessageId
      const begun = (yield* tape.log).length
      if (agent !== undefined) yield* post(`${here}/agent`, { agent })
      if (model !== undefined) {
        yield* post(`${here}/model`, { model: { providerID: model.providerID, id: model.modelID } })
      }
      yield* post(`${here}/prompt`, { id: prompt, text })
      return { prompt, begun } satisfies Prompted
    }),
    abort: post(`${here}/interrupt`, {}),
    summarize: post(`${here}/compact`, {}),
    replyPermission: (id, { reply, ...rest }) => answer("permission", id, { decision: reply, ...rest }),
    replyQuestion: (id, answers) =>
      answer("form", id, {
        answer: Object.fromEntries(answers.map((labels, index) => [`q${index}`, labels[0]])),
      }),
    rejectQuestion: (id) => client.del(`${here}/form/${id}`),
    idle: active.pipe(
      Effect.repeat({ until: (all) => !(session in all), schedule: eventually }),
      Effect.andThen(tape.quiet),
    ),
    restart: tape.restart,
  } satisfies Stage
}, Effect.provide(FetchHttpClient.layer))
