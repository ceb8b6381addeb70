/** The endpoint over HTTP without a network: sessions, revisions, callers and the end. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, Option, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import { extension } from "../../../src/mcp/tasks/taskWire.ts"
import { initialize, makeToys, modern, toolCall } from "./toyEndpoint.ts"

const canShowForms = { elicitation: { form: {} } }

describe("Sessions", () => {
  it.effect("take no reply to a form with a token of the caller that may not decide", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const { session } = yield* send({ body: initialize(canShowForms) })
      const reply = (token: string, result: object) =>
        Effect.map(send({ session, token, body: { jsonrpc: "2.0", id: 1, result } }), ({ status }) => status)
      const accepted = { action: "accept", content: {} }
      assert.strictEqual(yield* reply("anna:read", accepted), 403)
      // The reply to a ping.
      assert.strictEqual(yield* reply("anna:read", {}), 202)
      assert.strictEqual(yield* reply("anna:read,decide", accepted), 202)
    }),
  )

  it.effect("belong to their caller", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const { session, status } = yield* send({ body: initialize() })
      assert.strictEqual(status, 200)
      assert.strictEqual((yield* send({ session, body: toolCall("look") })).status, 200)
      assert.strictEqual((yield* send({ session, body: toolCall("look"), token: "bert:read" })).status, 404)
      assert.strictEqual((yield* send({ session, body: toolCall("look"), token: "" })).status, 401)
      assert.strictEqual((yield* send({ session, body: toolCall("look") })).status, 200)
    }),
  )

  it.effect("go on in another process, with what the client said about itself", () =>
    Effect.gen(function* () {
      const { session } = yield* (yield* makeToys()).send({ body: initialize(canShowForms) })
      const { send } = yield* makeToys()
      const { status, text } = yield* send({ session, body: toolCall("look") })
      assert.strictEqual(status, 200)
      assert.include(text, `"structuredContent":{"canAsk":true}`)
    }),
  )

  it.effect("that were made up, or ended by their client, are unknown", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const { session } = yield* send({ body: initialize() })
      assert.strictEqual((yield* send({ session, method: "DELETE" })).status, 200)
      for (const id of [session, "1234", `${session}x`, `${session?.split(".")[0]}.e30`]) {
        assert.strictEqual((yield* send({ session: id, body: toolCall("look") })).status, 404)
      }
    }),
  )

  it.effect("are closed after ten minutes without a stream, and revived at the next request", () =>
    Effect.gen(function* () {
      const { open, send } = yield* makeToys({ maxSessions: 1 })
      const { session } = yield* send({ body: initialize() })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* open({ session, method: "GET" })
          yield* TestClock.adjust("1 hour")
          // There is no room for a second session while the first has a stream.
          assert.strictEqual((yield* send({ body: initialize() })).status, 503)
        }),
      )
      yield* TestClock.adjust("11 minutes")
      assert.strictEqual((yield* send({ body: initialize() })).status, 200)
      assert.strictEqual((yield* send({ session, body: toolCall("look") })).status, 200)
    }),
  )

  it.effect(
    "take a resumed stream over from a connection whose break was not noticed, such as of a laptop that slept",
    () =>
      Effect.gen(function* () {
        const { open, send } = yield* makeToys()
        const { session } = yield* send({ body: initialize() })
        const resume = (eventId: string) => open({ session, method: "GET", headers: { "last-event-id": eventId } })
        const response = yield* open({
          session,
          body: toolCall("wait"),
          headers: { "mcp-protocol-version": "2025-11-25" },
        })
        const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
        const read = Effect.promise(() => reader.read())
        const eventId = yield* read.pipe(
          Effect.map(({ value }) => /^id: (.+)$/mu.exec(new TextDecoder().decode(value))?.[1] ?? ""),
          Effect.repeat({ until: (id) => id !== "" }),
        )
        assert.strictEqual((yield* resume(eventId)).status, 200)
        // The old connection ends.
        yield* Effect.repeat(read, { until: ({ done }) => done })
        assert.strictEqual((yield* resume(eventId)).status, 200)
        assert.strictEqual((yield* resume(`${crypto.randomUUID()}_1`)).status, 400)
      }).pipe(Effect.scoped),
  )

  it.effect("whose initialize is refused close no other", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys({ maxSessions: 2 })
      const { session } = yield* send({ body: initialize() })
      const change = Effect.map(send({ session, body: toolCall("change") }), ({ text }) => text)
      assert.include(yield* change, '"count":1')
      for (const _ of [1, 2, 3]) {
        assert.strictEqual((yield* send({ body: initialize(), headers: { accept: "text/plain" } })).status, 406)
      }
      // The session still has the answer of this call.
      assert.include(yield* change, '"count":1')
    }),
  )

  it.effect("begin once, with an initialize that is valid", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const invalid = { ...initialize(), params: { ...initialize().params, capabilities: { elicitation: 5 } } }
      const without = { jsonrpc: "2.0", id: 5, method: "initialize" }
      for (const body of [invalid, without]) {
        const { status, text } = yield* send({ body })
        assert.strictEqual(status, 400)
        assert.include(text, "initialize needs protocolVersion, capabilities and clientInfo")
      }
      const { session } = yield* send({ body: initialize() })
      for (const body of [invalid, without, initialize(), [without]]) {
        const { status, text } = yield* send({ session, body })
        assert.strictEqual(status, 400)
        assert.include(text, "already initialized")
      }
    }),
  )

  it.effect("of one caller leave room for those of the others", () =>
    Effect.gen(function* () {
      const { open, send } = yield* makeToys({ maxSessions: 3, maxSessionsOfCaller: 2 })
      const begin = (token: string) => send({ token, body: initialize() })
      for (const _ of [1, 2]) {
        const { session } = yield* begin("anna:read")
        yield* open({ token: "anna:read", session, method: "GET" })
      }
      assert.strictEqual((yield* begin("anna:read")).status, 503)
      assert.strictEqual((yield* begin("bert:read")).status, 200)
    }).pipe(Effect.scoped),
  )
})

describe("A call that was running when its server was killed", () => {
  const newest = { "mcp-protocol-version": "2025-11-25" }

  /** The id of the first message on the call's stream, before which the server is killed. */
  const lastEventId = Effect.fnUntraced(function* (id: string | number) {
    const { open, send } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    const { body } = yield* open({ session, headers: newest, body: { ...toolCall("wait"), id } })
    assert.isNotNull(body)
    const stream = Stream.fromReadableStream({ evaluate: () => body, onError: (cause) => cause })
    const text = yield* Stream.decodeText(stream).pipe(
      Stream.scan(
        () => "",
        (before, next) => before + next,
      ),
      Stream.map((text) => /^id: (.*)\n/mu.exec(text)?.[1]),
      Stream.filter((id) => id !== undefined),
      Stream.runHead,
    )
    return { session, eventId: Option.getOrThrow(text) }
  }, Effect.scoped)

  const resume = Effect.fnUntraced(function* (session: string | undefined, eventId: string) {
    const { send } = yield* makeToys({ lostText: (tool) => `${tool} goes on` })
    return yield* send({ session, method: "GET", headers: { ...newest, "last-event-id": eventId } })
  })

  it.effect.each([7, "seven \u2713"])("is answered when the client resumes its stream: id %s", (id) =>
    Effect.gen(function* () {
      const { eventId, session } = yield* lastEventId(id)
      const { status, text } = yield* resume(session, eventId)
      assert.strictEqual(status, 200)
      assert.include(text, `"id":${JSON.stringify(id)}`)
      assert.include(text, "wait goes on")
      // The client has its answer.
      const [, answerId = ""] = /^id: (.*)\n/mu.exec(text) ?? []
      assert.strictEqual((yield* resume(session, answerId)).status, 400)
    }),
  )

  it.effect("is not answered if its id is long, or the event's id was made up", () =>
    Effect.gen(function* () {
      const { eventId, session } = yield* lastEventId("x".repeat(500))
      assert.isBelow(eventId.length, 100)
      for (const id of [eventId, "", "1", "a_1.", "a_1.e30", "a_1.WzEsInVua25vd24iXQ"]) {
        assert.strictEqual((yield* resume(session, id || "_")).status, 400, id)
      }
    }),
  )
})

it.effect("A client that comes back for an answer that has expired is not told that the server was stopped", () =>
  Effect.gen(function* () {
    const { send } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    const headers = { "mcp-protocol-version": "2025-11-25" }
    const { text } = yield* send({ session, headers, body: toolCall("look") })
    const [, eventId = ""] = /^id: (.*)\n/mu.exec(text) ?? []
    const resume = send({ session, method: "GET", headers: { ...headers, "last-event-id": eventId } })
    assert.include((yield* resume).text, "canAsk")
    yield* TestClock.adjust("6 minutes")
    assert.include((yield* resume).text, "The answer to this call is no longer available")
  }),
)

describe("Revisions", () => {
  it.effect("a client of 2026-07-28 that would lose calls is sent to a session, unless it follows tasks", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const statusOf = (client: object) =>
        Effect.map(send(modern("server/discover", {}, client)), ({ status }) => status)
      assert.strictEqual(yield* statusOf({ name: "toys", version: "1" }), 200)
      assert.strictEqual(yield* statusOf({ name: "claude-code", version: "1" }), 400)
      assert.strictEqual(yield* statusOf({ name: "github-copilot-developer", version: "1" }), 400)
      const { body, headers } = modern("server/discover", {}, { name: "claude-code", version: "1" })
      const text = JSON.stringify(body).replace(
        `clientCapabilities":{}`,
        `clientCapabilities":{"extensions":{"${extension}":{}}}`,
      )
      assert.strictEqual((yield* send({ headers: headers ?? {}, body: JSON.parse(text) })).status, 200)
    }),
  )

  it.effect("only those that the options name are served", () =>
    Effect.gen(function* () {
      const older = yield* makeToys({ revisions: "2025" })
      assert.strictEqual((yield* older.send(modern("server/discover"))).status, 400)
      assert.strictEqual((yield* older.send({ body: initialize() })).status, 200)
      const newer = yield* makeToys({ revisions: "2026" })
      assert.strictEqual((yield* newer.send(modern("server/discover"))).status, 200)
      assert.strictEqual((yield* newer.send({ body: initialize() })).status, 400)
      assert.strictEqual((yield* newer.send({ method: "GET" })).status, 405)
    }),
  )
})

describe("Callers", () => {
  it.effect("with a fixed set of scopes see and call the tools of these", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const token = "reader:read"
      const { session } = yield* send({ token, body: initialize(canShowForms) })
      const list = yield* send({ token, session, body: { jsonrpc: "2.0", id: 2, method: "tools/list" } })
      assert.include(list.text, `"look"`)
      assert.notInclude(list.text, `"change"`)
      const refused = yield* send({ token, session, body: toolCall("change") })
      assert.strictEqual(refused.status, 200)
      assert.include(refused.text, "The tool change is not available: the token does not allow write.")
      // A form decides, and this caller may not.
      assert.include((yield* send({ token, session, body: toolCall("look") })).text, `{"canAsk":false}`)
      // Scopes count from the next request.
      const more = yield* send({ token: "reader:read,write", session, body: toolCall("change") })
      assert.include(more.text, `"structuredContent":`)
    }),
  )

  it.effect("who can get a further scope see all tools, and are told which one a call needs", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const token = "reader:read+"
      for (const sent of [modern("tools/list")]) {
        assert.include((yield* send({ ...sent, token })).text, `"change"`)
      }
      const { headers, status } = yield* send({ ...modern("tools/call", { name: "change", arguments: {} }), token })
      assert.strictEqual(status, 403)
      assert.strictEqual(headers.get("www-authenticate"), `Bearer scope="write"`)
    }),
  )

  it.effect("an unknown tool is answered with the name that was probably meant", () =>
    Effect.gen(function* () {
      const { send } = yield* makeToys()
      const { session } = yield* send({ body: initialize() })
      assert.include((yield* send({ session, body: toolCall("lok") })).text, "Did you mean look?")
    }),
  )
})

describe("Subscriptions", () => {
  it.effect("of one caller leave room for those of the others", () =>
    Effect.gen(function* () {
      const { open, send } = yield* makeToys()
      const listen = modern("subscriptions/listen", { notifications: { toolsListChanged: true } })
      for (let count = 1; count <= 128; count++) yield* open(listen)
      assert.include((yield* send(listen)).text, "already has 128 subscriptions")
      const other = yield* open({ ...listen, token: "bert:read" })
      assert.include(other.headers.get("content-type"), "text/event-stream")
    }).pipe(Effect.scoped),
  )
})

describe("The end", () => {
  it.effect("does not wait for subscriptions", () =>
    Effect.gen(function* () {
      const { close, open } = yield* makeToys()
      const { status } = yield* open(modern("subscriptions/listen", { notifications: { toolsListChanged: true } }))
      assert.strictEqual(status, 200)
      // The clock of the test stands still.
      yield* close
    }).pipe(Effect.scoped),
  )

  it.effect("gives calls that do not wait for an agent half a second", () =>
    Effect.gen(function* () {
      const { close, send, waiting } = yield* makeToys({ endingText: ({ name }) => `${name} was cut off` })
      const { session } = yield* send({ body: initialize() })
      const call = yield* Effect.forkChild(send({ session, body: toolCall("hang") }))
      yield* waiting
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust("500 millis")
      assert.include((yield* Fiber.join(call)).text, "hang was cut off")
      yield* Fiber.join(closing)
    }),
  )

  it.effect("answers the calls that are running, and then refuses requests", () =>
    Effect.gen(function* () {
      const { close, send, waiting } = yield* makeToys({ endingText: ({ name }) => `${name} goes on` })
      const { session } = yield* send({ body: initialize() })
      const call = yield* Effect.forkChild(send({ session, body: toolCall("wait") }))
      yield* waiting
      yield* close
      assert.include((yield* Fiber.join(call)).text, "wait goes on")
      assert.strictEqual((yield* send({ session, body: toolCall("look") })).status, 503)
    }),
  )

  it.effect("logs at info who changed something, and at debug who read", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        const { call: _call, ...annotations } = fiber.getRef(References.CurrentLogAnnotations)
        lines.push(`${logLevel} ${String(message)} ${JSON.stringify(annotations)}`)
      })
      yield* Effect.gen(function* () {
        const { send } = yield* makeToys({ logFacts: () => ({ instance: "main" }) })
        for (const name of ["look", "change"]) yield* send(modern("tools/call", { name, arguments: {} }))
      }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Debug"))
      assert.deepStrictEqual(lines, [
        'Debug answered {"tool":"look","caller":"anna","instance":"main"}',
        'Info answered {"tool":"change","caller":"anna","instance":"main"}',
      ])
    }),
  )
})
