/** Protocol revisions up to 2025-11-25: the person at the client is asked while the call runs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer, makeBusy, storeAnswer } from "../../support/play.ts"
import {
  aborted,
  assistant,
  event,
  failedWith,
  here,
  msg,
  permission,
  question,
  user,
} from "../../../src/testing/samples.ts"
import { accept, answering, calling, child, sending, thinking, waitingFor, wants, withMain } from "./askingClient.ts"

const once = accept({ decision: "once" })
const asked = permission("1")
const allowed = "allowed once: permission for bash: rm -rf build"

/** A call whose form has not been answered yet. */
const waiting = Effect.gen(function* () {
  const fake = yield* withMain
  const person = yield* thinking
  const fiber = yield* sending(person.values)
  yield* wants(asked)
  assert.lengthOf(person.forms, 1)
  return { fake, fiber, person }
})

describe("a person", () => {
  it.effect("allows the request, and the turn completes", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { forms, values } = answering(once)
      const fiber = yield* sending(values)
      yield* wants(asked)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
      finishAnswer(fake, "Done.")
      yield* pass(500)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Done.", decided: [allowed] })
      assert.include(text, `Decision: \`${allowed}\``)
      assert.lengthOf(forms, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    ["send_message", asked, "needs permission"],
    ["send_message", question("1"), "needs answer"],
    ["wait_for_session", asked, "needs permission"],
    ["wait_for_session", question("1"), "needs answer"],
  ] as const)("declines, which decides nothing (%s, %j)", ([tool, request, outcome]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      if (tool === "wait_for_session") yield* waitingFor(request)
      const { forms, values } = answering({ action: "decline" }, { action: "decline" })
      const fiber = yield* tool === "send_message" ? sending(values) : calling(tool, { session_id: here }, values)
      if (tool === "send_message") yield* wants(request)
      const { view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([view.outcome, view.waiting_for?.map(({ id }) => id)], [outcome, [request.id]])
      assert.isUndefined(view.decided)
      assert.lengthOf(forms, 1)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    ["respond_permission", { response: "once" }],
    ["answer_question", { answers: [["Blue"]] }],
  ] as const)("declines a form of %s, whose own decision counts", ([tool, decision]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(tool === "respond_permission" ? asked : question("1"))
      const { forms, values } = answering({ action: "decline" })
      const fiber = yield* calling(tool, { session_id: here, ...decision }, values)
      yield* wants(permission("2"))
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs permission")
      assert.lengthOf(view.decided ?? [], 1)
      assert.lengthOf(forms, 1)
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    ["closes the form", { action: "cancel" }],
    ["turns out to be unavailable", { action: "unavailable" }],
    [
      "cannot be reached",
      { action: "unavailable", detail: "the client failed to show the form: out of paper" },
      "the client failed to show the form: out of paper",
    ],
    ["submits invalid content", accept({ decision: "perhaps" }), '"perhaps" is none of once, always and reject'],
    ["submits nothing", accept({}), "nothing was chosen"],
  ] as const)("who %s is not asked again in that call, and the agent is still waiting", ([, reply, why]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { forms, values } = answering(reply)
      const fiber = yield* sending(values)
      yield* wants(asked)
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs permission")
      assert.deepStrictEqual(
        view.waiting_for?.map(({ id }) => id),
        [asked.id],
      )
      assert.deepStrictEqual(
        view.decided,
        why === undefined ? undefined : [`not taken: ${why} (permission for bash: rm -rf build)`],
      )
      assert.lengthOf(forms, 1)
      assert.deepStrictEqual([fake.replies, fake.permissions], [[], [asked]])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("answers a question in own words, in a second form", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { forms, values } = answering(accept({ answer_1: "another answer…" }), accept({ other_1: "Green, please" }))
      yield* sending(values)
      yield* wants(question("1"))
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, answers: [["Green, please"]] }])
      assert.lengthOf(forms, 2)
      assert.match(forms[1]?.message ?? "", /^Your own words for Question: Which colour\?\n/u)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("closes the second form, which leaves the question open", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { forms, values } = answering(accept({ answer_1: "another answer…" }), { action: "cancel" })
      const fiber = yield* sending(values)
      yield* wants(question("1"))
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "needs answer")
      assert.lengthOf(forms, 2)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is told which part of a reply was not taken beside a decision", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending(answering(accept({ decision: "once", reason: "hurry" })).values)
      yield* wants(asked)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).view.decided, [
        'not taken: the form has no field "reason" (permission for bash: rm -rf build)',
        allowed,
      ])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is asked one request at a time, in order of arrival", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const answers = [once, accept({ decision: "always" }), accept({ answer_1: "Blue" })]
      const { forms, values } = answering(...answers)
      const fiber = yield* sending(values)
      yield* wants(asked, { ...permission("2"), patterns: ["git push"] })
      yield* wants(question("1"))
      assert.deepStrictEqual(
        fake.replies.map(({ id }) => id),
        [asked.id, permission("2").id, question("1").id],
      )
      assert.lengthOf(forms, 3)
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.lengthOf((yield* Fiber.join(fiber)).view.decided ?? [], 3)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is asked by wait_for_session for a turn that was started elsewhere", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.store(here, user(msg("theirs")))
      makeBusy(fake)
      fake.permissions = [asked]
      const { forms, values } = answering(once)
      yield* calling("wait_for_session", { session_id: here }, values)
      assert.lengthOf(forms, 1)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is asked by respond_permission about requests after its own decision", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* sending()
      yield* wants(asked)
      const { forms, values } = answering(accept({ decision: "reject" }))
      yield* calling("respond_permission", { session_id: here, response: "once" }, values)
      yield* wants(permission("2"))
      assert.lengthOf(forms, 1)
      assert.deepStrictEqual(fake.replies, [
        { id: asked.id, reply: "once" },
        { id: permission("2").id, reply: "reject" },
      ])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is asked about a subagent's request, and the form says so", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { forms, values } = answering(once)
      yield* sending(values)
      yield* wants(permission("1", child))
      assert.include(forms[0]?.message, `Asked by its subagent, session ${child}.`)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is not asked if the client cannot show forms", () =>
    Effect.gen(function* () {
      yield* withMain
      const { forms, values } = answering(once)
      const fiber = yield* sending({ ...values, canAsk: false })
      yield* wants(asked)
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "needs permission")
      assert.deepStrictEqual(forms, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is not shown a form without a field", () =>
    Effect.gen(function* () {
      yield* withMain
      const { forms, values } = answering(accept({}))
      const fiber = yield* sending(values)
      yield* wants({ ...question("1"), questions: [] })
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "needs answer")
      assert.deepStrictEqual(forms, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("while the form is open", () => {
  it.effect("a decision in opencode's terminal withdraws the form, and the turn is followed", () =>
    Effect.gen(function* () {
      const { fake, fiber, person } = yield* waiting
      fake.permissions = []
      fake.emit(event.replied(asked))
      yield* pass(500)
      assert.isTrue(yield* person.isTakenBack)
      finishAnswer(fake, "Done.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Done." })
      assert.isUndefined(view.decided)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("a decision without an event is noticed anyway", () =>
    Effect.gen(function* () {
      const { fake, person } = yield* waiting
      fake.permissions = []
      yield* pass(32_000)
      assert.isTrue(yield* person.isTakenBack)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("an abort that leaves the request behind withdraws the form", () =>
    Effect.gen(function* () {
      const { fake, fiber, person } = yield* waiting
      const info = assistant(msg("a"), fake.prompts[0]?.messageID ?? msg("none"), failedWith(aborted))
      fake.store(here, { info, parts: [] })
      fake.statuses.delete(here)
      fake.emit(event.message(info), ...event.idle())
      yield* pass(500)
      assert.isTrue(yield* person.isTakenBack)
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "aborted")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("a broken and restored connection keeps the form, and the decision counts", () =>
    Effect.gen(function* () {
      const { fake, fiber, person } = yield* waiting
      fake.cut()
      yield* pass(5000)
      assert.isFalse(yield* person.isTakenBack)
      yield* person.answer(once)
      yield* pass(500)
      assert.deepStrictEqual(fake.replies, [{ id: asked.id, reply: "once" }])
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", decided: [allowed] })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("a decision while the connection is broken withdraws the form", () =>
    Effect.gen(function* () {
      const { fake, fiber, person } = yield* waiting
      fake.cut()
      fake.permissions = []
      storeAnswer(fake, "Done in the gap.")
      yield* pass(5000)
      assert.isTrue(yield* person.isTakenBack)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", text: "Done in the gap." })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("the end of the wait withdraws the form, and the agent is still waiting", () =>
    Effect.gen(function* () {
      const { fake, fiber, person } = yield* waiting
      yield* pass(48_000)
      assert.isTrue(yield* person.isTakenBack)
      const { text, view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs permission")
      assert.include(text, "respond_permission")
      assert.deepStrictEqual([fake.replies, fake.permissions], [[], [asked]])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("the client receives a heartbeat at least every 15 s", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const person = yield* thinking
      const notifications: Array<{ readonly progress: number; readonly message: string }> = []
      const fiber = yield* sending({
        ...person.values,
        wantsProgress: true,
        progress: (update) => Effect.sync(() => void notifications.push(update)),
      })
      yield* wants(asked)
      const before = notifications.length
      yield* pass(61_000, 610)
      const signs = notifications.slice(before)
      assert.isAtLeast(signs.length, 4)
      for (const { message } of signs) assert.include(message, "Waiting for a person: permission for bash")
      assert.deepStrictEqual(
        notifications.map(({ progress }) => progress),
        notifications.map((_, index) => index + 1),
      )
      yield* person.answer(once)
      yield* pass(500)
      finishAnswer(fake, "Done.")
      yield* pass(500)
      assert.strictEqual((yield* Fiber.join(fiber)).view.outcome, "completed")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("the decision", () => {
  const route = `POST /permission/${asked.id}/reply`

  it.effect("is delivered completely even if the settled event arrives first", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(route, Fault.reset, 1)
      const fiber = yield* sending(answering(once).values)
      yield* wants(asked)
      yield* pass(2000)
      assert.strictEqual(fake.count(route), 1)
      finishAnswer(fake, "Done.")
      yield* pass(500)
      const { decided, outcome } = (yield* Fiber.join(fiber)).view
      assert.strictEqual(outcome, "completed")
      assert.match(decided?.[0] ?? "", /^allowed once: .* \(probably: /u)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is reported as too late, and the turn is followed", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const person = yield* thinking
      const fiber = yield* sending(person.values)
      yield* wants(asked)
      // No event has arrived yet.
      fake.permissions = []
      yield* person.answer(accept({ decision: "reject" }))
      yield* pass(500)
      finishAnswer(fake, "Somebody else had allowed it.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Somebody else had allowed it." })
      assert.deepStrictEqual(view.decided, [
        "too late, because the request was already settled elsewhere: permission for bash: rm -rf build",
      ])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is requested once, even if opencode does not confirm it", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(route, () => {
        fake.permissions = []
        return Fault.json(true)(Effect.never)
      })
      const { forms, values } = answering(once, once)
      yield* sending(values)
      yield* wants(asked)
      yield* pass(2000)
      assert.lengthOf(forms, 1)
      assert.strictEqual(fake.count(route), 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("is not made by a client that goes away", () =>
    Effect.gen(function* () {
      const { fiber, person } = yield* waiting
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* person.isTakenBack)
      const { permissions, replies } = yield* FakeOpencode
      assert.deepStrictEqual([replies, permissions], [[], [asked]])
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
