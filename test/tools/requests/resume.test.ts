/** Protocol revision 2026-07-28: a form ends the call, and the answer arrives in a call of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Schema } from "effect"
import { OpenForm } from "../../../src/tools/requests/askPerson.ts"
import type { ElicitationRequest, ElicitationReply } from "../../../src/mcp/Call.ts"
import { toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { aborted, assistant, failedWith, here, msg, permission, question, user } from "../../../src/testing/samples.ts"
import {
  accept,
  answering,
  answerTo,
  calling,
  child,
  endingWithQuestion,
  wants,
  waitingFor,
  withMain,
} from "./askingClient.ts"

const parameters = { session_id: here, message: "Do it" }
const asked = permission("1")
const once = accept({ decision: "once" })
const allowed = "allowed once: permission for bash: rm -rf build"

/** Sends a message whose call ends with a form for this request. */
const begun = (request: Parameters<typeof wants>[0] = asked) =>
  endingWithQuestion("send_message", parameters, Option.none(), wants(request))

/** The call that brings the answer. It answers no further forms. */
const resuming = Effect.fnUntraced(function* (question: Pick<ElicitationRequest, "state">, reply: ElicitationReply) {
  const { forms, values } = answering()
  const fiber = yield* calling("send_message", parameters, { ...values, resumed: answerTo(question, reply) })
  return { fiber, forms }
})

describe("the state of a form", () => {
  it.effect("names the turn and the request", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { state } = yield* begun()
      assert.deepStrictEqual(yield* Schema.decodeEffect(OpenForm)(state), {
        instance: "fake",
        session: here,
        prompt: fake.prompts[0]?.messageID ?? msg("none"),
        request: asked.id,
        decided: [],
        round: 1,
      })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    "",
    "null",
    "{",
    "{}",
    '"ses_main"',
    JSON.stringify({
      instance: "fake",
      session: "x/../../instance/dispose",
      prompt: "msg_1",
      request: "per_1",
      decided: [],
    }),
    JSON.stringify({ instance: "fake", session: here, prompt: "no id", request: "per_1", decided: [] }),
    JSON.stringify({ instance: "fake", session: here, prompt: "msg_1", request: "per_1", decided: "all" }),
  ])("that is none is refused, and nothing sent: %s", (state) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* begun()
      const { fiber } = yield* resuming({ state }, once)
      const error = String(yield* Effect.flip(Fiber.join(fiber)))
      for (const part of ["requestState", "wait_for_session"]) assert.include(error, part)
      assert.lengthOf(fake.prompts, 1)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    ["an unknown instance", { instance: "nowhere" }, "nowhere"],
    ["an unknown session", { session: "ses_gone" }, "ses_gone"],
  ] as const)("of %s is refused in words, and nothing sent", ([, given, named]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { state } = yield* begun()
      const other = JSON.stringify({ ...JSON.parse(state), ...given })
      const { fiber } = yield* resuming({ state: other }, once)
      assert.include(String(yield* Effect.flip(Fiber.join(fiber))), named)
      assert.lengthOf(fake.prompts, 1)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("cannot decide a request of another session", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { state } = yield* begun()
      const other = JSON.stringify({ ...JSON.parse(state), session: "ses_other" })
      fake.store(fake.sessions[2]?.id ?? here, user(msg("theirs"), "Hi", fake.sessions[2]?.id))
      const { fiber } = yield* resuming({ state: other }, once)
      yield* pass(3000)
      assert.deepStrictEqual(fake.replies, [])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("the call with the answer", () => {
  it.effect("settles the request, follows the turn to its end, and does not repeat the message", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { fiber, forms } = yield* resuming(yield* begun(), once)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
      finishAnswer(fake, "Done.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Done.", decided: [allowed] })
      assert.strictEqual(view.message_id, fake.prompts[0]?.messageID)
      assert.lengthOf(fake.prompts, 1)
      assert.deepStrictEqual(forms, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("delivers the labels of a question as opencode sent them", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const options = [{ label: "Red" }, { label: "Red\u200B" }]
      const wondered = { ...question("1"), questions: [{ question: "Which?", options, custom: false }] }
      yield* resuming(yield* begun(wondered), accept({ answer_1: "Red (2)" }))
      assert.deepStrictEqual(fake.replies, [{ id: wondered.id, answers: [["Red\u200B"]] }])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("takes text that the client offered beside the options as the person's own answer", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* resuming(yield* begun(question("1")), accept({ answer_1: "Green" }))
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, answers: [["Green"]] }])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("asks for the person's own words in another form, whose reply arrives in a third call", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* begun(question("1"))
      const chosen = answerTo(first, accept({ answer_1: "another answer…" }))
      const second = yield* endingWithQuestion("send_message", parameters, chosen, Effect.void)
      assert.match(second.message, /^Your own words for Question: Which colour\?\n/u)
      assert.deepStrictEqual(fake.replies, [])
      const { fiber } = yield* resuming(second, accept({ other_1: "Green, please" }))
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, answers: [["Green, please"]] }])
      finishAnswer(fake, "Done.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed" })
      assert.lengthOf(view.decided ?? [], 1)
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("leaves the question open if the second form is closed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* begun(question("1"))
      const chosen = answerTo(first, accept({ answer_1: "another answer…" }))
      const second = yield* endingWithQuestion("send_message", parameters, chosen, Effect.void)
      const { fiber, forms } = yield* resuming(second, { action: "decline" })
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs answer")
      assert.isUndefined(view.decided)
      assert.deepStrictEqual([fake.replies, forms], [[], []])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("answers a subagent's request", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const opened = yield* begun(permission("1", child))
      assert.include(opened.message, `Asked by its subagent, session ${child}.`)
      yield* resuming(opened, once)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    ["closed the form", { action: "cancel" }],
    ["declined", { action: "decline" }],
    [
      "submitted invalid content",
      accept({ decision: "yes please" }),
      '"yes please" is none of once, always and reject',
    ],
    ["submitted nothing", accept(undefined), "nothing was chosen"],
    ["could not be asked", { action: "unavailable", detail: "out of paper" }, "out of paper"],
  ] as const)("of somebody who %s decides nothing and asks nothing", ([, reply, why]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { fiber, forms } = yield* resuming(yield* begun(), reply)
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs permission")
      assert.deepStrictEqual(
        view.decided,
        why === undefined ? undefined : [`not taken: ${why} (permission for bash: rm -rf build)`],
      )
      assert.deepStrictEqual(forms, [])
      assert.deepStrictEqual([fake.replies, fake.permissions], [[], [asked]])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports that the request was settled elsewhere, and follows the turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const opened = yield* begun()
      fake.permissions = []
      const { fiber } = yield* resuming(opened, accept({ decision: "reject" }))
      finishAnswer(fake, "Somebody else had allowed it.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Somebody else had allowed it." })
      assert.lengthOf(view.decided ?? [], 1)
      assert.include(view.decided?.[0], "settled elsewhere")
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("returns the outcome of its own turn, even if another one is running by then", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const opened = yield* begun()
      fake.permissions = []
      finishAnswer(fake, "Done meanwhile.")
      fake.store(here, user(msg("zz_theirs"), "Next"))
      makeBusy(fake)
      const { fiber } = yield* resuming(opened, once)
      makeIdle(fake)
      yield* pass(30_000)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", text: "Done meanwhile." })
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("decides nothing for an aborted turn, even if its request still exists", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const tool = { messageID: msg("a") }
      const prompt = () => fake.prompts[0]?.messageID ?? msg("none")
      const opened = yield* endingWithQuestion(
        "send_message",
        parameters,
        Option.none(),
        Effect.suspend(() => {
          fake.store(here, { info: assistant(msg("a"), prompt()), parts: [] })
          return wants({ ...asked, tool })
        }),
      )
      fake.store(here, { info: assistant(msg("a"), prompt(), failedWith(aborted)), parts: [] })
      fake.statuses.delete(here)
      const { fiber } = yield* resuming(opened, once)
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "aborted")
      assert.notInclude((view.decided ?? []).join(), "allowed")
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("decides once if it arrives twice", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const opened = yield* begun()
      const one = yield* resuming(opened, once)
      const two = yield* resuming(opened, once)
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(one.fiber)).view.outcome, "completed")
      assert.strictEqual((yield* Fiber.join(two.fiber)).view.outcome, "completed")
      assert.lengthOf(fake.replies, 1)
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("several questions in one turn", () => {
  it.effect("are asked one after the other, and the last call reports all decisions", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* begun()
      const next = { ...permission("2"), patterns: ["git push"] }
      const second = yield* endingWithQuestion("send_message", parameters, answerTo(first, once), wants(next))
      assert.include(second.message, "git push")
      const { fiber } = yield* resuming(second, accept({ decision: "always" }))
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).view.decided, [
        allowed,
        "allowed always, in all sessions of this directory, until opencode exits: permission for bash: git push",
      ])
      assert.lengthOf(fake.replies, 2)
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("are limited to nine, because clients give up after ten rounds", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      let opened = yield* begun()
      for (let round = 2; round <= 9; round++) {
        const next = wants(permission(`${round}`))
        opened = yield* endingWithQuestion("send_message", parameters, answerTo(opened, once), next)
      }
      const { fiber, forms } = yield* resuming(opened, once)
      yield* wants(permission("10"))
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs permission")
      assert.strictEqual(view.waiting_for?.[0]?.id, "per_10")
      assert.lengthOf(view.decided ?? [], 9)
      assert.deepStrictEqual(forms, [])
      assert.lengthOf(fake.replies, 9)
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("the limit of forms in one turn", () => {
  it.effect("counts second forms, too, and says so where one is missing", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const first = yield* begun(question("1"))
      const state = JSON.stringify({ ...JSON.parse(first.state), round: 9 })
      const { fiber, forms } = yield* resuming({ state }, accept({ answer_1: "another answer…" }))
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs answer")
      assert.include(view.decided?.join(), "not taken: it needs another form")
      assert.deepStrictEqual([fake.replies, forms], [[], []])
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("other tools", () => {
  it.effect("respond_permission does not deliver its own decision again", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(asked)
      const own = { session_id: here, permission_id: asked.id, response: "once" } as const
      const opened = yield* endingWithQuestion("respond_permission", own, Option.none(), wants(permission("2")))
      const resumed = answerTo(opened, accept({ decision: "reject" }))
      const fiber = yield* calling("respond_permission", own, { canAsk: true, resumed })
      finishAnswer(fake, "")
      yield* pass(500)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).view.decided, [
        allowed,
        "rejected: permission for bash: rm -rf build",
      ])
      assert.deepStrictEqual(fake.replies, [
        { id: asked.id, reply: "once" },
        { id: permission("2").id, reply: "reject" },
      ])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("wait_for_session continues with the turn it was following", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(asked)
      const opened = yield* endingWithQuestion("wait_for_session", { session_id: here }, Option.none(), Effect.void)
      const resumed = answerTo(opened, once)
      const fiber = yield* calling("wait_for_session", { session_id: here }, { canAsk: true, resumed })
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", text: "Done.", decided: [allowed] })
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
