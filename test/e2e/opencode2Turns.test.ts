/** Turns on the real opencode 2, from the prompt to the outcome, with the services that follow turns on opencode 1. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { refusal, settle } from "../../src/opencode/requests/decision.ts"
import type { Decision, PendingRequest } from "../../src/opencode/requests/PendingRequest.ts"
import { activities } from "../../src/opencode/sessions/activity.ts"
import * as Turn from "../../src/opencode/turn/Turn.ts"
import { abortTurn } from "../../src/opencode/turns/abortTurn.ts"
import type { DecideRequest } from "../../src/opencode/turns/followTurn.ts"
import { eventually } from "../support/eventually.ts"
import { makeFaultProxy } from "../support/FaultProxy.ts"
import * as facts from "../support/opencode2Facts.ts"
import { RealOpencode2 } from "../support/RealOpencode2.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { newSession, turnServices } from "../support/turnsOnOpencode2.ts"
import { patience } from "../support/patience.ts"

const everything = turnServices.pipe(Layer.provideMerge(RealOpencode2.layer({ permission: "ask" })))

/** A new session; `port` is that of a proxy, if one stands before the server. */
const sceneAt = Effect.fnUntraced(function* (port?: number) {
  const real = yield* RealOpencode2
  const url = port === undefined ? real.url : `http://127.0.0.1:${port}`
  return { real, ...(yield* newSession({ ...real, url, title: "Turns", timeout: patience })) }
})

const scene = sceneAt()

/** A person who decides every request in the same way. */
const deciding =
  (
    { opencode, session }: Effect.Success<typeof scene>,
    decisionOf: (pending: PendingRequest) => Decision,
  ): DecideRequest =>
  (pending) =>
    Effect.succeedSome(settle(opencode, session, decisionOf(pending)))

const allowOnce = (pending: PendingRequest): Decision =>
  pending.kind === "permission" ? { ...pending, reply: { reply: "once" } } : { ...pending, answers: [["blue"]] }

const rejection = (pending: PendingRequest): Decision =>
  pending.kind === "permission"
    ? { ...pending, reply: { reply: "reject", message: "say:I understand" } }
    : refusal(pending)

const promptRequest = /^POST \/api\/session\/[^/]+\/prompt/u

withOpencode2("a turn on opencode 2", () => {
  layer(everything, { excludeTestServices: true })((it) => {
    it.effect("is completed, with the agent's text", () =>
      Effect.gen(function* () {
        const { send } = yield* scene
        const { outcome, turn } = yield* send("say:All done")
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.strictEqual(Turn.text(turn), "All done")
      }),
    )

    it.effect("needs a permission, and goes on when a person allows it", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const waiting = yield* here.send("run: echo allowed")
        assert.strictEqual(waiting.outcome._tag, "needs permission")
        const { prompt } = waiting.turn
        const { outcome, turn } = yield* here.turns.follow(here.target, here.session, {
          prompt,
          timeout: patience,
          decide: deciding(here, allowOnce),
        })
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.strictEqual(Turn.text(turn), "Done: allowed")
      }),
    )

    it.effect("asks a question, and gets the answer", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const { outcome, turn } = yield* here.send("ask: Which colour? | red | blue", {
          decide: deciding(here, allowOnce),
        })
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.include(Turn.text(turn), "blue")
      }),
    )

    it.effect.each(["run: echo refused", "ask: Which colour?"])("is rejected when a person refuses: %s", (text) =>
      Effect.gen(function* () {
        const here = yield* scene
        const { outcome } = yield* here.send(text, { decide: deciding(here, refusal) })
        assert.strictEqual(outcome._tag, "rejected")
        // Later reads report it too, as long as this process runs.
        const again = yield* here.turns.follow(here.target, here.session, { timeout: patience })
        assert.strictEqual(again.outcome._tag, "rejected")
        assert.deepStrictEqual((yield* here.send("say:next")).outcome, { _tag: "completed" })
      }),
    )

    it.effect("goes on after a rejection with a reason", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const { outcome, turn } = yield* here.send("run: echo refused", { decide: deciding(here, rejection) })
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.strictEqual(Turn.text(turn), "I understand")
        const [call] = Turn.toolCalls(turn)
        assert.include(call?.state.status === "error" ? call.state.error : "", "say:I understand")
        const again = yield* here.turns.follow(here.target, here.session, { timeout: patience })
        assert.strictEqual(again.turn.prompt, turn.prompt)
        assert.strictEqual(Turn.text(again.turn), "I understand")
      }),
    )

    it.effect("waits at the parent for the permission of its subagent", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const { outcome, turn } = yield* here.send("task: run: echo child", { decide: deciding(here, allowOnce) })
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.include(Turn.text(turn), "child")
      }),
    )

    it.effect("goes on at the parent when the permission of its subagent is refused", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const { outcome, turn } = yield* here.send("task: run: echo child", { decide: deciding(here, refusal) })
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.include(Turn.text(turn), "Subagent cancelled")
      }),
    )

    it.effect("fails with the provider's reason", () =>
      Effect.gen(function* () {
        const { send } = yield* scene
        const { outcome } = yield* send("fail: 401")
        assert.strictEqual(outcome._tag, "failed")
        assert.include("detail" in outcome ? outcome.detail : "", "401")
      }),
    )

    it.effect("is aborted, and says that it was running", () =>
      Effect.gen(function* () {
        const here = yield* scene
        const sending = yield* Effect.forkChild(here.send("slow: 600"))
        yield* facts.isActive(here.real, here.session.id).pipe(eventually((active) => active))
        const { final, wasRunning } = yield* abortTurn(here.opencode, here.session)
        assert.deepStrictEqual({ final, wasRunning }, { final: true, wasRunning: true })
        assert.deepStrictEqual((yield* Fiber.join(sending)).outcome, { _tag: "aborted" })
      }),
    )

    it.effect("waits for the turn before it, and is answered by itself", () =>
      Effect.gen(function* () {
        const { real, send, session } = yield* scene
        yield* facts.prompt(real, session.id, "slow: 10")
        const [one, two] = yield* Effect.all([send("say:one"), send("say:two")], { concurrency: 2 })
        assert.deepStrictEqual([Turn.text(one.turn), Turn.text(two.turn)].sort(), ["one", "two"])
        // Both were sent at the same time, so either may come first.
        const said = (yield* facts.conversation(real, session.id)).filter((text) => text !== "[idle]").slice(2)
        assert.deepStrictEqual(said.indexOf("say:one") === 0 ? said : [...said.slice(2), ...said.slice(0, 2)], [
          "say:one",
          "one",
          "say:two",
          "two",
        ])
      }),
    )

    it.effect("that steers is handed to the running turn", () =>
      Effect.gen(function* () {
        const { real, send, session } = yield* scene
        const sending = yield* Effect.forkChild(send("slow: 20"))
        yield* facts.isActive(real, session.id).pipe(eventually((active) => active))
        const { outcome, turn } = yield* send("say:steered", { ifBusy: "steer" })
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.strictEqual(Turn.text(turn), "steered")
        yield* Fiber.join(sending)
      }),
    )

    it.effect("is shown by the activity of the server, with what it waits for", () =>
      Effect.gen(function* () {
        const { opencode, send, session } = yield* scene
        yield* send("run: echo waiting")
        const activity = (yield* activities(opencode, yield* opencode.sessions)).get(session.id)
        assert.deepInclude(activity?.status, { type: "busy" })
        assert.strictEqual(activity?.pending[0]?.kind, "permission")
        yield* abortTurn(opencode, session)
        assert.isUndefined((yield* activities(opencode, yield* opencode.sessions)).get(session.id))
      }),
    )

    it.effect("survives that its events are cut off, and has its whole text", () =>
      Effect.gen(function* () {
        const proxy = yield* makeFaultProxy(yield* RealOpencode2)
        const { real, send, session } = yield* sceneAt(proxy.port)
        const sending = yield* Effect.forkChild(send("slow: 30"))
        yield* facts.conversation(real, session.id).pipe(eventually((said) => said.length > 1))
        yield* proxy.cut
        const { outcome, turn } = yield* Fiber.join(sending)
        assert.deepStrictEqual(outcome, { _tag: "completed" })
        assert.strictEqual(Turn.text(turn), (yield* facts.conversation(real, session.id))[1])
      }),
    )

    it.effect.each(["before", "after"] as const)(
      "runs once if the connection breaks %s its prompt has arrived",
      (when) =>
        Effect.gen(function* () {
          const proxy = yield* makeFaultProxy(yield* RealOpencode2)
          const { real, send, session } = yield* sceneAt(proxy.port)
          const dropped = yield* proxy.dropRequest(promptRequest, { when })
          const sending = yield* Effect.forkChild(send("say:once"))
          yield* dropped
          assert.deepStrictEqual((yield* Fiber.join(sending)).outcome, { _tag: "completed" })
          assert.deepStrictEqual(yield* facts.conversation(real, session.id), ["say:once", "once", "[idle]"])
        }),
    )

    it.effect("is found again, with its reason, after a restart that follows its end", () =>
      Effect.gen(function* () {
        const { real, send, session, target, turns } = yield* scene
        yield* send("fail: 400")
        yield* real.restart
        const { outcome } = yield* turns.follow(target, session, { timeout: patience })
        assert.strictEqual(outcome._tag, "failed")
      }),
    )

    it.effect("is interrupted when opencode is killed, and its session can be used again", () =>
      Effect.gen(function* () {
        const { real, send, session } = yield* scene
        const sending = yield* Effect.forkChild(send("slow: 600"))
        yield* facts.conversation(real, session.id).pipe(eventually((said) => said.length > 1))
        yield* real.kill
        yield* real.restart
        const { outcome } = yield* Fiber.join(sending)
        assert.strictEqual(outcome._tag, "interrupted")
        assert.deepStrictEqual((yield* send("say:again")).outcome, { _tag: "completed" })
      }),
    )
  })
})
