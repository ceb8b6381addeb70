/**
 * Records a session of a real opencode: the actions of a scenario, and the raw log of opencode's events. It does not use the
 * decoding in `src/`, because the log tests that.
 */
import { Deferred, Effect, Fiber, Ref, Schedule, Schema, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { freshMessageId } from "../../src/opencode/Identifiers.ts"
import type { RealOpencode } from "../support/RealOpencode.ts"

const Raw = Schema.Record(Schema.String, Schema.Unknown)
type Raw = typeof Raw.Type

const Frame = Schema.Struct({ payload: Schema.Struct({ type: Schema.String, properties: Schema.optionalKey(Raw) }) })

/** A raw frame of `/global/event` without its envelope, or a change of the connection. */
export type Entry = typeof Frame.Type | { readonly connection: "lost" | "restored" }

/** What opencode answers about the session and those of its subagents, at the time when the log had `after` entries. */
export interface Snapshot {
  readonly after: number
  readonly status: Raw
  readonly permissions: ReadonlyArray<unknown>
  readonly questions: ReadonlyArray<unknown>
  /** By session. */
  readonly messages: Raw
}

/** A prompt by its message's id, and how many entries the log had before it. */
export interface Prompted {
  readonly prompt: string
  readonly begun: number
}

const Created = Schema.Struct({ info: Schema.Struct({ id: Schema.String, parentID: Schema.String }) })
const isCreated = Schema.is(Created)

const OfSession = Schema.Struct({ id: Schema.String, sessionID: Schema.String })
const isOfSession = Schema.is(OfSession)

/** Events that repeat others in another form, or do not concern the turn. */
const isNoise = (type: string) => !/^(session|message|permission|question)\./u.test(type) || type === "session.diff"

export type Stage = Effect.Success<ReturnType<typeof openStage>>

/** Creates a session and starts recording, until the scope closes. */
export const openStage = Effect.fnUntraced(function* (opencode: RealOpencode["Service"]) {
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
  const scope = yield* Effect.scope
  const family = new Set([session])
  const log = yield* Ref.make<ReadonlyArray<Entry>>([])
  const note = (entry: Entry) => Ref.update(log, (before) => [...before, entry])

  const receive = Effect.fnUntraced(function* ({ payload }: typeof Frame.Type, connected: Deferred.Deferred<void>) {
    const { properties = {}, type } = payload
    if (type === "server.connected") yield* Deferred.succeed(connected, undefined)
    if (isCreated(properties) && family.has(properties.info.parentID)) family.add(properties.info.id)
    if (isNoise(type) || !family.has(String(properties["sessionID"]))) return
    yield* note({ payload: { type, properties } })
  })

  const listen = Effect.fnUntraced(function* () {
    const connected = yield* Deferred.make<void>()
    const response = yield* client.get("/global/event")
    const fiber = yield* response.stream.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter((line) => line.startsWith("data: ")),
      Stream.mapEffect((line) => Schema.decodeEffect(Schema.fromJsonString(Frame))(line.slice("data: ".length))),
      Stream.runForEach((frame) => receive(frame, connected)),
      Effect.catchTag("HttpClientError", () => Effect.void),
      Effect.tapCause(Effect.logError),
      Effect.forkIn(scope),
    )
    // opencode reports the connection some milliseconds before it starts to pass on events.
    yield* Deferred.await(connected)
    yield* Effect.sleep("500 millis")
    return fiber
  })
  const tape = yield* Ref.make(yield* listen())

  const eventually = Schedule.spaced("20 millis")

  /** Waits for the first frame of that type. */
  const seen = (type: string, passes: (json: string) => boolean = () => true) =>
    Ref.get(log).pipe(
      Effect.flatMap((entries) =>
        Effect.fromNullishOr(
          entries.find(
            (entry) => "payload" in entry && entry.payload.type === type && passes(JSON.stringify(entry.payload)),
          ),
        ),
      ),
      Effect.retry(eventually),
      Effect.timeout("100 seconds"),
    )

  /** Waits until no event has arrived for a while. */
  const quiet = Effect.gen(function* () {
    const before = (yield* Ref.get(log)).length
    yield* Effect.sleep("600 millis")
    return (yield* Ref.get(log)).length === before
  }).pipe(Effect.repeat({ until: (same) => same }))

  const statuses = get(`/session/status?${here}`, Raw)

  const ofFamily = (path: string) =>
    Effect.map(get(`${path}?${here}`, Schema.Array(Schema.Unknown)), (all) =>
      all.filter((each) => isOfSession(each) && family.has(each.sessionID)),
    )

  const snapshot = Effect.gen(function* () {
    yield* quiet
    const after = (yield* Ref.get(log)).length
    const messages: Record<string, unknown> = {}
    for (const id of family) messages[id] = yield* get(`/session/${id}/message`, Schema.Unknown)
    const busy = Object.entries(yield* statuses).filter(([id]) => family.has(id))
    return {
      after,
      status: Object.fromEntries(busy),
      permissions: yield* ofFamily("/permission"),
      questions: yield* ofFamily("/question"),
      messages,
    } satisfies Snapshot
  })

  /** The id of the only open request. */
  const pending = (kind: "permission" | "question") =>
    seen(`${kind}.asked`).pipe(
      Effect.andThen(ofFamily(`/${kind}`)),
      Effect.flatMap((all) => Effect.fromNullishOr(all.find(isOfSession)?.id)),
    )

  return {
    session,
    log: Ref.get(log),
    /** The sessions of its subagents so far. */
    children: Effect.sync(() => [...family].filter((id) => id !== session)),
    seen,
    snapshot,
    pending,
    prompt: Effect.fnUntraced(function* (text: string, options?: Raw) {
      const prompt = yield* freshMessageId
      const begun = (yield* Ref.get(log)).length
      yield* post(`/session/${session}/prompt_async`, {
        messageID: prompt,
        ...options,
        parts: [{ type: "text", text }],
      })
      return { prompt, begun } satisfies Prompted
    }),
    abort: post(`/session/${session}/abort`, {}),
    summarize: post(`/session/${session}/summarize`, { providerID: "scripted", modelID: "scripted" }),
    replyPermission: (id: string, body: unknown) => post(`/permission/${id}/reply?${here}`, body),
    replyQuestion: (id: string, answers: unknown) => post(`/question/${id}/reply?${here}`, { answers }),
    rejectQuestion: (id: string) => post(`/question/${id}/reject?${here}`, {}),
    /** Waits until the session is idle and no event has arrived for a while. */
    idle: statuses.pipe(
      Effect.repeat({ until: (all) => !(session in all), schedule: eventually }),
      Effect.andThen(quiet),
      Effect.timeout("100 seconds"),
    ),
    /** Kills opencode and starts it again, then continues recording. */
    restart: Effect.gen(function* () {
      yield* opencode.kill
      yield* Fiber.join(yield* Ref.get(tape))
      yield* note({ connection: "lost" })
      yield* opencode.restart
      yield* Ref.set(tape, yield* listen())
      yield* note({ connection: "restored" })
    }),
  }
}, Effect.provide(FetchHttpClient.layer))
