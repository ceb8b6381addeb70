/** Every method of the client of opencode 2 against the real server, compared with what that says when asked by hand. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { sessionDiff } from "../../src/opencode/changes/sessionDiff.ts"
import * as HttpTransport from "../../src/opencode/http/HttpTransport.ts"
import { freshMessageId, SessionId } from "../../src/opencode/Identifiers.ts"
import { OpencodeClient } from "../../src/opencode/Opencode.ts"
import { refusal } from "../../src/opencode/requests/decision.ts"
import type { PendingRequest } from "../../src/opencode/requests/PendingRequest.ts"
import * as OpencodeV2 from "../../src/opencode/v2/OpencodeV2.ts"
import { eventually } from "../support/McpClients.ts"
import * as facts from "../support/opencode2Facts.ts"
import { RealOpencode2 } from "../support/RealOpencode2.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { patience } from "../support/patience.ts"

const asked = Effect.gen(function* () {
  const real = yield* RealOpencode2
  const credentials = { username: "opencode", password: Redacted.make(real.password ?? "") }
  const opencode = (yield* OpencodeClient).at({ instance: "main", url: real.url, credentials })
  return { real, opencode }
})

const newSession = Effect.fnUntraced(function* (title: string) {
  const { opencode, real } = yield* asked
  return yield* opencode.createSession({ title, directory: real.directory })
})

const prompt = Effect.fnUntraced(function* (session: SessionId, text: string) {
  const { opencode } = yield* asked
  const messageID = yield* freshMessageId
  yield* opencode.prompt(session, { messageID, text })
  return messageID
})

/** Sends the prompt and waits for the end of its turn. */
const turn = Effect.fnUntraced(function* (session: SessionId, text: string) {
  const { real } = yield* asked
  const messageID = yield* prompt(session, text)
  yield* facts.wait(real, session)
  return messageID
})

/** What the session waits for, as soon as it waits. */
const waitingFor = Effect.fnUntraced(function* (session: SessionId) {
  const { opencode, real } = yield* asked
  const all = yield* opencode
    .pendingRequests(real.directory)
    .pipe(eventually((pending) => pending.some(({ request }) => request.sessionID === session)))
  return all.find(({ request }) => request.sessionID === session) as PendingRequest
})

const everything = OpencodeV2.layer.pipe(
  Layer.provide(HttpTransport.layer),
  Layer.provideMerge(RealOpencode2.layer({ permission: "ask" })),
)

withOpencode2("the client of opencode 2", () => {
  layer(everything, { excludeTestServices: true })((it) => {
    it.effect("reads health, location, agents and models", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        assert.deepStrictEqual(yield* opencode.health(3000), { healthy: true, api: 2, version: "2.0.15" })
        assert.deepStrictEqual(yield* opencode.location(3000), { directory: real.directory, worktree: real.directory })
        assert.strictEqual(yield* opencode.directory, real.directory)
        assert.match((yield* opencode.machineMark(3000)) ?? "", /^\d+$/)
        assert.isTrue(yield* opencode.inGit(real.directory))
        assert.isFalse(yield* opencode.inGit(real.home))
        assert.deepStrictEqual([...(yield* opencode.agents(real.directory))].sort(), ["build", "plan"])
        assert.deepStrictEqual(yield* opencode.models(real.directory), ["scripted/scripted"])
      }),
    )

    it.effect("refuses a wrong password as Unauthorized by opencode", () =>
      Effect.gen(function* () {
        const { real } = yield* asked
        const target = { instance: "main", url: real.url, credentials: undefined }
        const error = yield* Effect.flip((yield* OpencodeClient).at(target).health(3000))
        assert.deepInclude(error, { _tag: "Unauthorized", isOpencode: true })
      }),
    )

    it.effect("creates, lists and reads sessions, and reports a missing one", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession('Title with "quotes" & ünïcode')
        assert.deepInclude(yield* opencode.session(id), { id, title: 'Title with "quotes" & ünïcode' })
        assert.deepInclude(yield* opencode.session(id), { directory: real.directory })
        assert.deepStrictEqual(
          (yield* opencode.sessions).map((session) => session.id as string),
          yield* facts.sessions(real),
        )
        assert.lengthOf(yield* opencode.newestSessions(1), 1)
        const missing = yield* Effect.flip(opencode.session(SessionId.make("ses_doesNotExist")))
        assert.strictEqual(missing._tag, "SessionNotFound")
        assert.notStrictEqual((yield* opencode.createSession({})).title, "")
        const directory = `${real.directory}/gone`
        const refused = yield* Effect.flip(opencode.createSession({ directory }))
        assert.deepInclude(refused, { _tag: "DirectoryNotFound", directory })
      }),
    )

    it.effect("reads messages in pages that are neither short nor without their prompts", () =>
      Effect.gen(function* () {
        const { opencode } = yield* asked
        const { id } = yield* newSession("Pages")
        const prompts = [yield* turn(id, "say:one"), yield* turn(id, "say:two"), yield* turn(id, "say:three")]
        const parents: Array<string> = []
        const texts: Array<string> = []
        let before: string | undefined
        do {
          const page = yield* opencode.messages(id, { limit: 1, ...(before === undefined ? {} : { before }) })
          for (const { info, parts } of page.messages) {
            if (info.role === "assistant") parents.unshift(info.parentID)
            texts.unshift(parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""))
          }
          before = page.older
        } while (before !== undefined)
        assert.deepStrictEqual(texts, ["say:one", "one", "say:two", "two", "say:three", "three"])
        assert.deepStrictEqual(parents, prompts)
        const whole = yield* opencode.messages(id, { limit: 200 })
        assert.lengthOf(whole.messages, 6)
        assert.isUndefined(whole.older)
        const answer = whole.messages[3]
        assert.isDefined(answer)
        assert.deepStrictEqual(yield* opencode.message(id, answer.info.id), answer)
      }),
    )

    it.effect("a prompt whose id is repeated runs once", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession("Once")
        const messageID = yield* prompt(id, "slow: 5")
        yield* opencode.prompt(id, { messageID, text: "slow: 5" })
        yield* facts.wait(real, id)
        assert.lengthOf((yield* opencode.messages(id, { limit: 50 })).messages, 2)
      }),
    )

    it.effect("refuses an unknown agent and an unknown model before the prompt, and takes known ones", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession("Chosen")
        const send = (chosen: { readonly agent?: string; readonly model?: string }) =>
          Effect.flatMap(freshMessageId, (messageID) => opencode.prompt(id, { messageID, text: "hello", ...chosen }))
        for (const chosen of [{ agent: "nobody" }, { model: "scripted/unknown" }]) {
          const error = yield* Effect.flip(send(chosen))
          assert.strictEqual(error._tag, "OpencodeError")
          assert.include(error.message, "not found")
        }
        assert.deepStrictEqual(yield* facts.inbox(real, id), [])
        yield* send({ agent: "plan", model: "scripted/scripted" })
        yield* facts.wait(real, id)
        const { messages } = yield* opencode.messages(id, { limit: 50 })
        assert.deepInclude(messages.at(-1)?.info, { agent: "plan", model: "scripted/scripted" })
      }),
    )

    it.effect("reads the status of all directories, and says whether an abort stopped anything", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession("Aborted")
        yield* prompt(id, "slow: 600")
        assert.strictEqual((yield* opencode.statuses("/another")).get(id)?.type, "busy")
        assert.deepStrictEqual(yield* opencode.abort(id), { wasRunning: true })
        yield* facts.wait(real, id)
        assert.isUndefined((yield* opencode.statuses("/another")).get(id))
        assert.deepStrictEqual(yield* opencode.abort(id), { wasRunning: false })
        const last = (yield* opencode.messages(id, { limit: 1 })).messages.at(-1)?.info
        assert.strictEqual(last?.role === "assistant" ? last.error?.kind : undefined, "aborted")
      }),
    )

    it.effect("a permission shows its whole command line and what `always` would save, and is allowed once", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession("Allowed")
        yield* prompt(id, "run: echo one && echo two")
        const pending = yield* waitingFor(id)
        assert.deepInclude(pending.request, {
          permission: "shell",
          patterns: ["echo one", "echo two"],
          always: ["echo *"],
          details: { command: "echo one && echo two" },
        })
        if (pending.kind !== "permission") return
        assert.isTrue(yield* opencode.decide(real.directory, { ...pending, reply: { reply: "once" } }))
        assert.isFalse(yield* opencode.decide(real.directory, { ...pending, reply: { reply: "once" } }))
        yield* facts.wait(real, id)
        assert.include((yield* facts.conversation(real, id)).at(-2), "two")
      }),
    )

    it.effect.each([
      ["permission", "run: true"],
      ["question", "ask: Which colour?"],
    ] as const)(
      "a refused %s stays refused, and leaves nothing behind that a restarted service would resume",
      ([kind, text]) =>
        Effect.gen(function* () {
          const { opencode, real } = yield* asked
          const { id } = yield* newSession(kind)
          yield* prompt(id, text)
          const pending = yield* waitingFor(id)
          assert.strictEqual(pending.kind, kind)
          assert.isTrue(yield* opencode.decide(real.directory, refusal(pending)))
          yield* facts.wait(real, id)
          // opencode's own rejection would leave no outcome.
          assert.strictEqual((yield* facts.session(real, id)).outcome, "interrupted")
          assert.isFalse(yield* opencode.decide(real.directory, refusal(pending)))
          assert.deepStrictEqual(yield* facts.pending(real, kind === "question" ? "form" : kind, id), [])
        }),
    )

    it.effect("the reason of a rejection reaches the agent, and the turn continues", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession("Reason")
        const messageID = yield* prompt(id, "run: false")
        const pending = yield* waitingFor(id)
        if (pending.kind !== "permission") return
        const reply = { reply: "reject", message: "say:I read the reason" } as const
        assert.isTrue(yield* opencode.decide(real.directory, { ...pending, reply }))
        yield* facts.wait(real, id)
        assert.isFalse(yield* opencode.decide(real.directory, { ...pending, reply }))
        assert.deepStrictEqual(yield* facts.inbox(real, id), [])
        assert.include((yield* facts.conversation(real, id)).at(-2), "I read the reason")
        const { messages } = yield* opencode.messages(id, { limit: 50 })
        assert.deepStrictEqual(
          messages.map(({ info }) => (info.role === "assistant" ? info.parentID : info.id)),
          [messageID, messageID, messageID],
        )
      }),
    )

    it.effect("answers the questions of a form by their labels", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const { id } = yield* newSession("Form")
        yield* prompt(id, "ask: Which colour? | red | blue")
        const pending = yield* waitingFor(id)
        if (pending.kind !== "question") return
        const { questions } = pending.request
        assert.strictEqual(questions[0]?.question, "Which colour?")
        assert.deepStrictEqual(
          questions[0]?.options.map(({ label }) => label),
          ["red", "blue"],
        )
        assert.isTrue(yield* opencode.decide(real.directory, { ...pending, answers: [["blue"]] }))
        yield* facts.wait(real, id)
        assert.include((yield* facts.conversation(real, id)).at(-2), "blue")
        assert.isFalse(yield* opencode.decide(real.directory, { ...pending, answers: [["red"]] }))
      }),
    )

    it.effect("reads what a turn and a session have changed", () =>
      Effect.gen(function* () {
        const { opencode, real } = yield* asked
        const session = yield* newSession("Changes")
        for (const command of ["echo new > added.txt", "echo more >> added.txt"]) {
          yield* prompt(session.id, `run: ${command}`)
          const pending = yield* waitingFor(session.id)
          if (pending.kind === "permission") {
            yield* opencode.decide(real.directory, { ...pending, reply: { reply: "once" } })
          }
          yield* facts.wait(real, session.id)
        }
        const { messages } = yield* opencode.messages(session.id, { limit: 50 })
        const patched = messages.flatMap(({ parts }) =>
          parts.flatMap((part) => (part.type === "patch" ? part.files : [])),
        )
        assert.include(patched, `${real.directory}/added.txt`)
        const [first, answer] = messages
        assert.isDefined(first)
        assert.isDefined(answer)
        const [change] = yield* opencode.diff(session.id, first.info.id)
        assert.deepInclude(change, { file: "added.txt", additions: 1, deletions: 0, status: "added" })
        assert.deepStrictEqual(yield* opencode.diff(session.id, answer.info.id), [])
        const { files } = yield* sessionDiff(opencode, session)
        assert.lengthOf(files, 1)
        assert.deepInclude(files[0], { path: "added.txt", status: "added", additions: 2, turns: 2 })
        assert.lengthOf(files[0]?.patches ?? [], 1)
      }),
    )

    it.effect("hears the events of a turn", () =>
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
          Effect.timeout(patience),
        )
        for (const type of ["StatusChanged", "MessageChanged", "PartChanged", "TextDelta"] as const) {
          assert.include([...types], type)
        }
      }),
    )
  })
})
