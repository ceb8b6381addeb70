/** Every method of the client on the real server, compared with the server's raw answers. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import * as HttpTransport from "../../src/opencode/http/HttpTransport.ts"
import { freshMessageId, SessionId } from "../../src/opencode/Identifiers.ts"
import { refusal } from "../../src/opencode/requests/decision.ts"
import { OpencodeClient } from "../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { within } from "../support/patience.ts"

const asked = Effect.gen(function* () {
  const real = yield* RealOpencode
  const opencode = (yield* OpencodeClient).at({ instance: "main", url: real.url, credentials: undefined })
  return { real, opencode }
})

const newSession = Effect.fnUntraced(function* (title: string) {
  const { opencode } = yield* asked
  return yield* opencode.createSession({ title })
})

const prompt = Effect.fnUntraced(function* (session: SessionId, text: string) {
  const { opencode } = yield* asked
  yield* opencode.prompt(session, { messageID: yield* freshMessageId, text })
})

const everything = OpencodeV1.layer.pipe(
  Layer.provide(HttpTransport.layer),
  Layer.provideMerge(RealOpencode.layer({ permission: "ask", snapshots: true })),
)

layer(everything, { excludeTestServices: true })("the client", (it) => {
  it.effect("reads health, agents and models", () =>
    Effect.gen(function* () {
      const { opencode, real } = yield* asked
      assert.deepInclude(yield* opencode.health(3000), { healthy: true, version: "1.18.33" })
      assert.deepStrictEqual([...(yield* opencode.agents(real.directory))].sort(), ["build", "plan"])
      assert.deepStrictEqual(yield* opencode.models(real.directory), ["scripted/scripted"])
    }),
  )

  it.effect("creates, lists and reads sessions, and fails for a missing one", () =>
    Effect.gen(function* () {
      const { opencode, real } = yield* asked
      const { id } = yield* newSession('Title with "quotes" & ünïcode')
      assert.deepInclude(yield* opencode.session(id), { id, title: 'Title with "quotes" & ünïcode' })
      assert.deepStrictEqual(
        (yield* opencode.sessions).map(({ id, title }) => ({ id, title })),
        (yield* facts.sessions(real)).map(({ id, title }) => ({ id, title })),
      )
      const missing = yield* Effect.flip(opencode.session(SessionId.make("ses_doesNotExist")))
      assert.strictEqual(missing._tag, "SessionNotFound")
      yield* opencode.createSession({})
      assert.deepInclude(yield* opencode.createSession({ directory: real.directory }), { directory: real.directory })
      const directory = `${real.directory}/gone`
      const refused = yield* Effect.flip(opencode.createSession({ directory }))
      assert.deepInclude(refused, { _tag: "DirectoryNotFound", directory })
    }),
  )

  it.effect("prompts, reads the status, aborts, and reads messages in pages", () =>
    Effect.gen(function* () {
      const { opencode, real } = yield* asked
      const { id } = yield* newSession("Pages")
      for (const text of ["say:one", "say:two"]) {
        const before = (yield* opencode.messages(id, { limit: 50 })).messages.length
        yield* prompt(id, text)
        yield* facts.texts(real, id).pipe(eventually((texts) => texts.length === before + 2 && texts.at(-1) !== ""))
        yield* facts.status(real, id).pipe(eventually((status) => status === "idle"))
      }
      const newest = yield* opencode.messages(id, { limit: 2 })
      assert.lengthOf(newest.messages, 2)
      const older = yield* opencode.messages(id, { limit: 2, before: newest.older ?? "" })
      const texts = [...older.messages, ...newest.messages].map(({ parts }) =>
        parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""),
      )
      assert.deepStrictEqual(texts, yield* facts.texts(real, id))

      yield* prompt(id, "slow: 600")
      yield* opencode.statuses(real.directory).pipe(eventually((all) => all.get(id)?.type === "busy"))
      yield* opencode.abort(id)
      yield* opencode.statuses(real.directory).pipe(eventually((all) => all.get(id) === undefined))
      assert.strictEqual(yield* facts.status(real, id), "idle")
    }),
  )

  it.effect.each([
    ["permission", "run: true"],
    ["question", "ask: Which colour?"],
  ] as const)("reads and rejects a %s", ([kind, text]) =>
    Effect.gen(function* () {
      const { opencode, real } = yield* asked
      const { id } = yield* newSession(kind)
      yield* prompt(id, text)
      const ids = yield* facts.pending(real, kind, id).pipe(eventually((all) => all.length === 1))
      const pending = (yield* opencode.pendingRequests(real.directory)).find(({ request }) => request.sessionID === id)
      assert.deepStrictEqual([pending?.kind, pending?.request.id], [kind, ids[0]])
      if (pending?.kind === "permission") {
        assert.deepStrictEqual([pending.request.permission, pending.request.patterns], ["bash", ["true"]])
      }
      if (pending?.kind === "question") assert.strictEqual(pending.request.questions[0]?.question, "Which colour?")
      if (pending !== undefined) {
        assert.isTrue(yield* opencode.decide(real.directory, refusal(pending)))
        assert.isFalse(yield* opencode.decide(real.directory, refusal(pending)))
      }
      yield* facts.status(real, id).pipe(eventually((status) => status === "idle"))
      assert.deepStrictEqual(yield* facts.pending(real, kind, id), [])
    }),
  )

  it.effect("receives the events of a turn", () =>
    Effect.gen(function* () {
      const { opencode } = yield* asked
      const { id } = yield* newSession("Events")
      const events = yield* opencode.events
      const types = yield* events.pipe(
        Stream.tap(({ _tag }) => (_tag === "Connected" ? Effect.orDie(prompt(id, "hello")) : Effect.void)),
        Stream.takeUntil(
          (event) => event._tag === "StatusChanged" && event.status.type === "idle" && event.sessionID === id,
        ),
        Stream.map(({ _tag }) => _tag),
        Stream.runCollect,
        within("the event that the session is idle"),
      )
      for (const type of ["StatusChanged", "MessageChanged", "PartChanged", "TextDelta"] as const) {
        assert.include([...types], type)
      }
    }),
  )
})
