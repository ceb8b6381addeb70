import { assert, layer } from "@effect/vitest"
import { Effect, Exit, FileSystem, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { RealOpencode, start } from "../support/RealOpencode.ts"
import { scriptedTitle } from "../support/ScriptedModel.ts"
import { eventually, eventuallySucceeds } from "../support/eventually.ts"

const Session = Schema.Struct({ id: Schema.String, title: Schema.String })
const Part = Schema.Struct({
  type: Schema.String,
  text: Schema.optional(Schema.String),
  tool: Schema.optional(Schema.String),
  state: Schema.optional(Schema.Struct({ status: Schema.String, output: Schema.optional(Schema.String) })),
})
const Message = Schema.Struct({
  info: Schema.Struct({
    role: Schema.String,
    error: Schema.optional(Schema.Struct({ name: Schema.String })),
    time: Schema.Struct({ completed: Schema.optional(Schema.Finite) }),
  }),
  parts: Schema.Array(Part),
})
const Pending = Schema.Array(Schema.Struct({ id: Schema.String, sessionID: Schema.String }))
const Health = Schema.Struct({ healthy: Schema.Boolean, version: Schema.String })

const prompt = (text: string) => ({ parts: [{ type: "text", text }] })

/** The few routes that these tests need, without the client in `src/`, which other tests test with this fixture. */
const connect = Effect.fnUntraced(function* (opencode: RealOpencode["Service"]) {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest(HttpClientRequest.prependUrl(opencode.url)),
    HttpClient.mapRequest(
      opencode.password === undefined
        ? (request) => request
        : HttpClientRequest.basicAuth("opencode", opencode.password),
    ),
    HttpClient.filterStatusOk,
  )
  const get = <A>(path: string, schema: Schema.Codec<A, unknown>) =>
    client.get(path).pipe(Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)))
  const post = (path: string, body: unknown) =>
    Effect.flatMap(HttpClientRequest.bodyJson(HttpClientRequest.post(path), body), client.execute)
  return {
    health: get("/global/health", Health),
    create: (title?: string) =>
      Effect.flatMap(
        post("/session", title === undefined ? {} : { title }),
        HttpClientResponse.schemaBodyJson(Session),
      ),
    session: (id: string) => get(`/session/${id}`, Session),
    messages: (id: string) => get(`/session/${id}/message`, Schema.Array(Message)),
    send: (id: string, text: string) =>
      Effect.flatMap(post(`/session/${id}/message`, prompt(text)), HttpClientResponse.schemaBodyJson(Message)),
    sendAsync: (id: string, text: string) => post(`/session/${id}/prompt_async`, prompt(text)),
    abort: (id: string) => post(`/session/${id}/abort`, {}),
    /** The first pending request of the session, as soon as there is one. */
    pending: (kind: "permission" | "question", id: string) =>
      get(`/${kind}?directory=${encodeURIComponent(opencode.directory)}`, Pending).pipe(
        Effect.flatMap((all) => Effect.fromNullishOr(all.find((each) => each.sessionID === id))),
        eventuallySucceeds,
      ),
    reply: (kind: "permission" | "question", id: string, body: unknown) =>
      post(`/${kind}/${id}/reply?directory=${encodeURIComponent(opencode.directory)}`, body),
  }
}, Effect.provide(FetchHttpClient.layer))

const textOf = (message: typeof Message.Type) => message.parts.map((part) => part.text ?? "").join("")

layer(RealOpencode.layer(), { excludeTestServices: true })("real opencode", (it) => {
  it.effect("answers health with its version", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* RealOpencode)
      assert.deepStrictEqual(yield* client.health, { healthy: true, version: "1.18.33" })
    }),
  )

  it.effect("echoes a prompt, and names the session", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* RealOpencode)
      const { id } = yield* client.create()
      assert.strictEqual(textOf(yield* client.send(id, "hello there")), "Echo: hello there")
      const title = yield* client.session(id).pipe(
        Effect.map((session) => session.title),
        eventually((title) => title === scriptedTitle),
      )
      assert.strictEqual(title, scriptedTitle)
    }),
  )

  it.effect("says the requested text, and runs the requested command", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* RealOpencode)
      const { id } = yield* client.create("run")
      assert.strictEqual(textOf(yield* client.send(id, "say:**exactly**\nthis")), "**exactly**\nthis")
      assert.include(textOf(yield* client.send(id, "run: echo from-$((40 + 2))")), "Done: from-42")
      const tool = (yield* client.messages(id)).flatMap((message) => message.parts).find((part) => part.type === "tool")
      assert.strictEqual(tool?.tool, "bash")
      assert.strictEqual(tool?.state?.status, "completed")
      assert.include(tool?.state?.output ?? "", "from-42")
    }),
  )

  it.effect("asks a question", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* RealOpencode)
      const { id } = yield* client.create("ask")
      yield* client.sendAsync(id, "ask: Which colour? | Red | Blue")
      const question = yield* client.pending("question", id)
      yield* client.reply("question", question.id, { answers: [["Blue"]] })
      const answer = yield* client.messages(id).pipe(
        Effect.map((messages) => messages.map(textOf).at(-1) ?? ""),
        eventually((text) => text.startsWith("Done:")),
      )
      assert.include(answer, "Blue")
    }),
  )

  it.effect.each(["hang:", "slow: 100"])("can be aborted in the middle of '%s'", (text) =>
    Effect.gen(function* () {
      const client = yield* connect(yield* RealOpencode)
      const { id } = yield* client.create("abort")
      yield* client.sendAsync(id, text)
      yield* client
        .messages(id)
        .pipe(eventually((messages) => messages.at(-1)?.parts.some((part) => part.type === "step-start") === true))
      yield* client.abort(id)
      const last = yield* client.messages(id).pipe(
        Effect.map((messages) => messages.at(-1)),
        eventually((message) => message?.info.time.completed !== undefined),
      )
      assert.strictEqual(last?.info.error?.name, "MessageAbortedError")
    }),
  )

  it.effect("fails with the provider's error", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* RealOpencode)
      const { id } = yield* client.create("fail")
      assert.strictEqual((yield* client.send(id, "fail:401")).info.error?.name, "APIError")
    }),
  )

  it.effect("keeps its sessions across stop, kill and restart", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const client = yield* connect(opencode)
      const { id } = yield* client.create("kept")
      yield* client.send(id, "before")
      for (const end of [opencode.stop, opencode.kill]) {
        yield* end
        assert.strictEqual((yield* Effect.flip(client.health))._tag, "HttpClientError")
        yield* opencode.restart
        assert.strictEqual((yield* client.session(id)).title, "kept")
      }
      assert.deepStrictEqual((yield* client.messages(id)).map(textOf), ["before", "Echo: before"])
    }),
  )

  it.effect("starts a second server of the same user, which sees the same sessions", () =>
    Effect.gen(function* () {
      const first = yield* RealOpencode
      const { id } = yield* (yield* connect(first)).create("shared")
      const second = yield* start({ beside: first })
      assert.notStrictEqual(second.url, first.url)
      assert.strictEqual((yield* (yield* connect(second)).session(id)).title, "shared")
    }),
  )

  it.effect("starts another instance with a password, and cleans up", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { home, pid } = yield* Effect.scoped(
        Effect.gen(function* () {
          const opencode = yield* start({ password: "s3cret", permission: "ask", project: "web-shop" })
          const client = yield* connect(opencode)
          const anonymous = yield* Effect.flip((yield* connect({ ...opencode, password: undefined })).health)
          assert.include(anonymous.message, "401")
          const { id } = yield* client.create("permission")
          yield* client.sendAsync(id, "run: echo $$ > pid && sleep 77")
          const permission = yield* client.pending("permission", id)
          yield* client.reply("permission", permission.id, { reply: "once" })
          const pid = yield* fs
            .readFileString(`${opencode.directory}/pid`)
            .pipe(Effect.flatMap(Schema.decodeUnknownEffect(Schema.FiniteFromString)), eventuallySucceeds)
          assert.isTrue(isAlive(pid))
          return { home: opencode.home, pid }
        }),
      )
      // It is killed, but init takes a moment to reap it.
      yield* Effect.sync(() => isAlive(pid)).pipe(eventually((alive) => !alive))
      assert.isFalse(yield* fs.exists(home))
    }),
  )
})

const isAlive = (pid: number) => Exit.isSuccess(Effect.runSyncExit(Effect.try(() => process.kill(pid, 0))))
