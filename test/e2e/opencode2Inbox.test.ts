/** Messages to a busy session of the real opencode 2, whose inbox is the queue, and messages with an id of the caller's own. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { MessageId } from "../../src/opencode/Identifiers.ts"
import { OpencodeClient } from "../../src/opencode/Opencode.ts"
import * as Turn from "../../src/opencode/turn/Turn.ts"
import { abortTurn } from "../../src/opencode/turns/abortTurn.ts"
import { Turns } from "../../src/opencode/turns/Turns.ts"
import { makeFaultProxy } from "../support/FaultProxy.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencode2Facts.ts"
import { RealOpencode2 } from "../support/RealOpencode2.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { newSession, turnServices } from "../support/turnsOnOpencode2.ts"
import { patience } from "../support/patience.ts"

/** A session; `port` is that of a proxy, if one stands before the server. */
const sceneAt = Effect.fnUntraced(function* (port?: number) {
  const real = yield* RealOpencode2
  const url = port === undefined ? real.url : `http://127.0.0.1:${port}`
  const made = yield* newSession({ ...real, url, title: "Inbox", timeout: patience })
  const isBusy = facts.isActive(real, made.session.id).pipe(eventually((active) => active))
  const said = facts.conversation(real, made.session.id)
  return { ...made, real, isBusy, said }
})

const scene = sceneAt()

const promptRequest = /^POST \/api\/session\/[^/]+\/prompt/u

const messageId = (session: string, name: string) => MessageId.make(`msg_${name}-${session.slice(-12)}`)

withOpencode2("the inbox of opencode 2", () => {
  layer(turnServices.pipe(Layer.provideMerge(RealOpencode2.layer({ permission: "ask" }))), {
    excludeTestServices: true,
  })((it) => {
    it.effect("answers a waiting message by itself, and its caller gets that answer while others still wait", () =>
      Effect.gen(function* () {
        const { isBusy, real, said, send, session, start } = yield* scene
        const first = yield* Effect.forkChild(send("slow: 60"))
        yield* isBusy
        const second = yield* Effect.forkChild(send("say:two"))
        yield* facts.inbox(real, session.id).pipe(eventually((ids) => ids.length === 1))
        const third = yield* start("run: echo three")
        assert.deepInclude(third.outcome, { _tag: "accepted", parked: false })
        const reports = [yield* Fiber.join(first), yield* Fiber.join(second)]
        assert.deepStrictEqual(
          reports.map(({ outcome }) => outcome._tag),
          ["completed", "completed"],
        )
        assert.strictEqual(Turn.text(reports[1]?.turn ?? third.turn), "two")
        // One execution: the third is waiting for a person now.
        assert.notInclude(yield* said, "[idle]")
      }),
    )

    it.effect(
      "keeps a message for a caller that goes away, and a process that knows nothing of it waits for its answer",
      () =>
        Effect.gen(function* () {
          const { isBusy, real, session, start, target } = yield* scene
          yield* facts.prompt(real, session.id, "slow: 15")
          yield* isBusy
          yield* start("say:kept")
          const follow = Effect.flatMap(Turns, (turns) => turns.follow(target, session, { timeout: patience }))
          const { outcome, turn } = yield* follow.pipe(Effect.provide(Layer.fresh(turnServices)))
          assert.deepStrictEqual(outcome, { _tag: "completed" })
          assert.strictEqual(Turn.text(turn), "kept")
        }),
    )

    it.effect("keeps a message behind a turn that waits for a person, and says at once what it waits for", () =>
      Effect.gen(function* () {
        const { real, send, session, target } = yield* scene
        yield* facts.prompt(real, session.id, "run: echo asked")
        yield* Effect.flatMap(OpencodeClient, (client) => client.at(target).pendingRequests(session.directory)).pipe(
          eventually((requests) => requests.some(({ request }) => request.sessionID === session.id)),
        )
        const { outcome } = yield* send("say:later")
        assert.deepInclude(outcome, { _tag: "accepted", parked: false })
        assert.include(JSON.stringify(outcome), "which is waiting for a person (permission for shell: echo asked")
        assert.lengthOf(yield* facts.inbox(real, session.id), 1)
      }),
    )

    it.effect("keeps a message whose turn before it is stopped, says so, and starts it when it is sent again", () =>
      Effect.gen(function* () {
        const { isBusy, opencode, real, said, send, session } = yield* scene
        const first = yield* Effect.forkChild(send("slow: 600"))
        yield* isBusy
        const waiting = yield* Effect.forkChild(send("say:parked"))
        yield* facts.inbox(real, session.id).pipe(eventually((ids) => ids.length === 1))
        yield* abortTurn(opencode, session)
        assert.deepStrictEqual((yield* Fiber.join(first)).outcome, { _tag: "aborted" })
        const { outcome, turn } = yield* Fiber.join(waiting)
        assert.deepInclude(outcome, { _tag: "accepted", parked: true })
        assert.deepStrictEqual(
          (yield* opencode.queuedPrompts(session.id)).map(({ text }) => text),
          ["say:parked"],
        )
        const again = yield* send("say:parked", { messageID: turn.prompt })
        assert.deepStrictEqual(again.outcome, { _tag: "completed" })
        assert.strictEqual(Turn.text(again.turn), "parked")
        assert.deepStrictEqual((yield* said).slice(2), ["[idle]", "say:parked", "parked", "[idle]"])
      }),
    )

    it.effect("runs a message with an id of the caller's own once, and gives its outcome to every call", () =>
      Effect.gen(function* () {
        const { said, send, session, start } = yield* scene
        const messageID = messageId(session.id, "own")
        const calls = yield* Effect.all([send("say:once", { messageID }), send("say:once", { messageID })], {
          concurrency: 2,
        })
        const later = yield* send("say:once", { messageID })
        const started = yield* start("say:once", { messageID })
        for (const { outcome, turn } of [...calls, later, started]) {
          assert.deepStrictEqual(outcome, { _tag: "completed" })
          assert.strictEqual(turn.prompt, messageID)
          assert.strictEqual(Turn.text(turn), "once")
        }
        assert.isTrue(later.repeated)
        assert.deepStrictEqual(yield* said, ["say:once", "once", "[idle]"])
      }),
    )

    it.effect("refuses an id of another session's message", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const messageID = messageId(here.session.id, "taken")
        yield* here.send("say:mine", { messageID })
        const there = yield* scene
        const error = yield* Effect.flip(there.send("say:other", { messageID }))
        assert.strictEqual(error._tag, "MessageIdUnusable")
        assert.deepStrictEqual(yield* there.said, [])
      }),
    )

    it.effect("keeps no message for an unknown agent or model, and the session is not changed", () =>
      Effect.gen(function* () {
        const { real, said, send, session } = yield* scene
        for (const unknown of [{ agent: "nope" }, { model: "nope/nope" }, { agent: "plan", model: "nope/nope" }]) {
          const error = yield* Effect.flip(send("say:never", unknown))
          assert.include(error.message, "not found")
        }
        assert.deepStrictEqual([yield* facts.inbox(real, session.id), yield* said], [[], []])
      }),
    )

    it.effect("keeps no message if the session's own agent is unknown", () =>
      Effect.gen(function* () {
        const { real, send, session } = yield* scene
        yield* facts.selectAgent(real, session.id, "nope")
        const { outcome } = yield* send("say:never")
        assert.strictEqual(outcome._tag, "failed")
        assert.include("detail" in outcome ? outcome.detail : "", "nope")
        assert.deepStrictEqual(yield* facts.inbox(real, session.id), [])
      }),
    )

    it.effect("runs a message once when opencode is killed as it receives it, and says what became of it", () =>
      Effect.gen(function* () {
        const proxy = yield* makeFaultProxy(yield* RealOpencode2)
        const { real, said, send, session } = yield* sceneAt(proxy.port)
        const dropped = yield* proxy.dropRequest(promptRequest, { when: "after" })
        const sending = yield* Effect.forkChild(send("say:survived"))
        yield* dropped
        yield* real.kill
        yield* real.restart
        const { outcome } = yield* Fiber.join(sending)
        // It depends on the moment whether opencode had begun.
        assert.include(["completed", "interrupted"], outcome._tag, JSON.stringify(outcome))
        const all = yield* said
        assert.lengthOf(
          all.filter((text) => text === "say:survived"),
          1,
        )
        assert.strictEqual(outcome._tag === "completed", all.includes("survived"))
        assert.deepStrictEqual(yield* facts.inbox(real, session.id), [])
      }),
    )
  })
})
