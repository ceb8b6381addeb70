/** Turns whose connection to the real opencode breaks. A proxy in between causes each fault. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/facts.ts"
import * as lostAnswers from "../support/lostAnswers.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"
import { makeStrangeProxy } from "../support/strangeFrames.ts"
import {
  answeredTurn,
  assertWhole,
  behindProxy,
  makeSession,
  midTurn,
  midTurnRaw,
  patient,
  promptRequest,
  throughProxy,
} from "../support/throughProxy.ts"

const prompts = (requests: ReadonlyArray<string>) => requests.filter((request) => promptRequest.test(request)).length

onBothVersions((api) => {
  layer(RealOpencode.layer({ permission: "ask", api }), {
    excludeTestServices: true,
    concurrent: true,
  })("when the connection breaks", (it) => {
    it.effect("the event stream breaks, and the turn ends before it is reconnected: completed, no text lost", () =>
      Effect.gen(function* () {
        const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Cut")
        const turn = yield* midTurn(client, session.id, "slow: 10 200")
        yield* proxy.down
        yield* session.idle
        yield* proxy.up
        const texts = yield* session.texts
        assert.include(texts[1], "tick 10")
        assertWhole(yield* Fiber.join(turn), texts)
      }),
    )

    it.effect("the event stream breaks repeatedly during one turn: completed, no text lost", () =>
      Effect.gen(function* () {
        const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Cut often")
        const turn = yield* midTurn(client, session.id, "slow: 60 200")
        const streams = Effect.map(
          proxy.requests,
          (requests) => requests.filter((request) => /^GET \/(?:global|api)\/event/u.test(request)).length,
        )
        for (const count of [2, 3, 4]) {
          yield* proxy.cut
          yield* streams.pipe(eventually((opened) => opened >= count))
        }
        yield* session.idle
        assertWhole(yield* Fiber.join(turn), yield* session.texts)
      }),
    )

    it.effect("strange frames come between the events, and characters are cut: completed, with the whole text", () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const proxy = yield* makeStrangeProxy(opencode)
        const relay = yield* makeRelay()
        yield* relay.register("main", { ...opencode, port: proxy.port })
        const client = yield* connect(relay, { variables: patient })
        const session = yield* makeSession(opencode, "Strange frames")
        const progress: Array<string> = []
        const parameters = { session_id: session.id, message: "tell: Grüße, 世界 👩‍👩‍👧 und mehr | sleep 1" }
        const asked = yield* client.call(SendMessage, parameters, ({ message = "" }) => progress.push(message))
        assert.strictEqual(asked.outcome, "needs permission")
        const turn = yield* client.call(RespondPermission, { session_id: session.id, response: "once" })
        assert.strictEqual(turn.outcome, "completed")
        assert.match(turn.text, /^Grüße, 世界 👩‍👩‍👧 und mehr[^]*Done: /u)
        assert.include(progress.join("\n"), "Grüße, 世界 👩‍👩‍👧 und mehr")
        assert.notInclude(progress.join("\n"), "\uFFFD")
        const { splits, streams } = yield* proxy.seen
        assert.isAbove(splits, 20)
        // No frame has ended a stream.
        assert.isAtMost(streams, 4)
      }),
    )

    it.effect("no data arrives for a few seconds while the connection stays open: completed, no text lost", () =>
      Effect.gen(function* () {
        const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Stall")
        const turn = yield* midTurn(client, session.id, "slow: 10 200")
        yield* proxy.stall
        yield* session.idle
        yield* proxy.resume
        assertWhole(yield* Fiber.join(turn), yield* session.texts)
      }),
    )

    it.effect("the machine sleeps, its connections die, and the turn ends meanwhile: completed, no text lost", () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const { proxy, relay } = yield* behindProxy(opencode)
        const session = yield* makeSession(opencode, "Sleep")
        const raw = yield* startRaw(relay, { variables: patient })
        const call = yield* midTurnRaw(raw, session.id, "slow: 10 200")
        yield* raw.kill("SIGSTOP")
        yield* proxy.cut
        yield* session.idle
        yield* raw.kill("SIGCONT")
        assertWhole(yield* answeredTurn(raw, call), yield* session.texts)
      }),
    )

    it.effect("the message's request is refused: an error that says so, and the message is not in opencode", () =>
      Effect.gen(function* () {
        const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Refused")
        const refusing = yield* proxy.downBehind(/^GET \/(?:session\/status|api\/session\/active)/u)
        const { text } = yield* Effect.flip(
          client.call(SendMessage, { instance: "main", session_id: session.id, message: "say:refused" }),
        )
        yield* refusing
        assert.include(text, "cannot be reached")
        assert.strictEqual(prompts(yield* proxy.requests), 0)
        assert.deepStrictEqual(yield* session.texts, [])
      }),
    )

    it.effect(
      "the message's request is lost on the way: an error that says the message was not stored, and it is never sent twice",
      () =>
        Effect.gen(function* () {
          const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Lost")
          const lost = yield* proxy.dropRequest(promptRequest, { when: "before" })
          const sending = client.call(SendMessage, { session_id: session.id, message: "say:lost" })
          if (api === 2) {
            // The id of the message makes it safe to send it again: opencode 2 runs it once.
            const turn = yield* sending
            yield* lost
            assert.strictEqual(prompts(yield* proxy.requests), 2)
            return assertWhole(turn, yield* session.texts)
          }
          const { text } = yield* Effect.flip(sending)
          yield* lost
          assert.include(text, "It was not sent again")
          assert.include(text, "opencode has not stored the message so far")
          assert.strictEqual(prompts(yield* proxy.requests), 1)
          assert.deepStrictEqual(yield* session.texts, [])
        }),
    )

    it.effect(
      "the message arrives but opencode's confirmation is lost: the turn is followed, and the message is never sent twice",
      () =>
        Effect.gen(function* () {
          const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Unconfirmed")
          const lost = yield* proxy.dropRequest(promptRequest, { when: "after" })
          const turn = yield* client.call(SendMessage, { session_id: session.id, message: "say:unconfirmed" })
          yield* lost
          // opencode 2 runs a repeated prompt once, so one that it has not stored yet is sent to it again under its id.
          assert.isAtMost(prompts(yield* proxy.requests), api === 1 ? 1 : 2)
          assertWhole(turn, yield* session.texts)
        }),
    )

    it.effect.each([
      ["a session is created: it is created once, and found", lostAnswers.createSessions],
      ["a message arrives: it is sent once, and its turn is followed", lostAnswers.sendMessages],
      ["a request is decided: the decision is sent once, and its turn is followed", lostAnswers.decide],
      ["a turn is stopped: it is stopped once, and seen to be idle", lostAnswers.stopTurns],
    ] as const)("opencode's answer is lost, cut or replaced by a proxy's when %s", ([_title, scenario]) =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        yield* scenario(opencode, yield* throughProxy(opencode, "Answers lost"))
      }),
    )

    it.effect("the message arrives and the connection stays down for a few seconds: the turn is followed", () =>
      Effect.gen(function* () {
        const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Unconfirmed and away")
        const lost = yield* proxy.dropRequest(promptRequest, { when: "after" })
        const turn = yield* client
          .call(SendMessage, { session_id: session.id, message: "say:unconfirmed" })
          .pipe(Effect.forkChild)
        yield* Effect.andThen(lost, proxy.down)
        yield* Effect.sleep("3 seconds")
        yield* proxy.up
        assertWhole(yield* Fiber.join(turn), yield* session.texts)
      }),
    )

    it.effect(
      "the agent asks for a permission while the connection is down: needs permission once the connection is back",
      () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const { client, proxy, session } = yield* throughProxy(opencode, "Permission")
          const gone = yield* proxy.downBehind(promptRequest)
          const turn = yield* client
            .call(SendMessage, { session_id: session.id, message: "run: echo asked-in-the-gap" })
            .pipe(Effect.forkChild)
          yield* gone
          yield* facts.pending(opencode, "permission", session.id).pipe(eventually((pending) => pending.length === 1))
          yield* proxy.up
          const { detail, outcome } = yield* Fiber.join(turn)
          assert.strictEqual(outcome, "needs permission")
          assert.include(detail, "echo asked-in-the-gap")
          assert.strictEqual(yield* session.status, "busy")
          yield* facts.abort(opencode, session.id)
        }),
    )

    it.effect(
      "a call is cancelled during the turn: of its connections only the event stream stays for the next call, and the turn continues to its end",
      () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const { proxy, relay } = yield* behindProxy(opencode)
          const session = yield* makeSession(opencode, "Cancel")
          const raw = yield* startRaw(relay, { variables: patient })
          const call = yield* midTurnRaw(raw, session.id, "slow: 30 500")
          assert.strictEqual((yield* proxy.open).events, 1)
          yield* raw.notify("notifications/cancelled", { requestId: call, reason: "enough" })
          yield* proxy.open.pipe(eventually(({ events, others }) => events === 1 && others === 0))
          assert.strictEqual(yield* session.status, "busy")
          yield* session.idle
          assert.match((yield* session.texts)[1] ?? "", /tick 30/u)
          assert.isUndefined((yield* raw.answers).find((answer) => answer.id === call))
        }),
    )

    it.effect(
      "the client closes during the turn: all connections are closed immediately, and the turn continues to its end",
      () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const { proxy, relay } = yield* behindProxy(opencode)
          const session = yield* makeSession(opencode, "Close")
          const raw = yield* startRaw(relay, { variables: patient })
          yield* midTurnRaw(raw, session.id, "slow: 20 500")
          yield* raw.closeStdin
          assert.deepStrictEqual(yield* raw.ended, { code: 0, signal: null })
          yield* proxy.open.pipe(eventually(({ events, others }) => events + others === 0))
          assert.strictEqual(yield* session.status, "busy")
          yield* session.idle
          assert.match((yield* session.texts)[1] ?? "", /tick 20/u)
        }),
    )
  })
})
