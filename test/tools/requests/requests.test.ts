/** respond_permission and answer_question: what they deliver, what they reject, and how they follow the turn. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Question } from "../../../src/opencode/requests/PendingRequest.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { call, type ToolParameters, toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer } from "../../support/play.ts"
import { event, here, permission, question, ses } from "../../../src/testing/samples.ts"
import { calling, child, waitingFor, wants, withMain } from "./askingClient.ts"

const respond = (parameters: Omit<ToolParameters<"respond_permission">, "session_id">) =>
  calling("respond_permission", { session_id: here, ...parameters })

const answer = (parameters: Omit<ToolParameters<"answer_question">, "session_id">) =>
  calling("answer_question", { session_id: here, ...parameters })

/** The error of a rejected call. Asserts that nothing reached opencode and that the agent is still waiting. */
const refusal = Effect.fnUntraced(function* <A, E, R>(tool: Effect.Effect<A, E, R>) {
  const { permissions, questions, replies } = yield* FakeOpencode
  const open = [...permissions, ...questions]
  const error = yield* Effect.flip(tool)
  assert.deepStrictEqual(replies, [])
  const fake = yield* FakeOpencode
  assert.deepStrictEqual([...fake.permissions, ...fake.questions], open)
  return String(error)
})

const asking = (...questions: ReadonlyArray<Partial<Question>>) => ({
  ...question("1"),
  questions: questions.map((given) => ({
    question: "Which?",
    options: [{ label: "Red" }, { label: "Blue" }],
    ...given,
  })),
})

describe("respond_permission", () => {
  it.effect.each([
    [{ response: "once" }, { reply: "once" }, "allowed once: permission for bash: rm -rf build"],
    [
      { response: "always" },
      { reply: "always" },
      "allowed always, in all sessions of this directory, until opencode exits: permission for bash: rm -rf build",
    ],
    [{ response: "reject" }, { reply: "reject" }, "rejected: permission for bash: rm -rf build"],
    [
      { response: "reject", message: "keep it" },
      { reply: "reject", message: "keep it" },
      "rejected (keep it): permission for bash: rm -rf build",
    ],
  ] as const)("carries %j, needs no id where one is open, and follows the turn", ([parameters, reply, decided]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      const fiber = yield* respond(parameters)
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, ...reply }])
      finishAnswer(fake, "Went on.")
      yield* pass(500)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Went on.", decided: [decided] })
      assert.include(text, `Decision: \`${decided}\``)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("requires an id if several requests are open, and lists them", () =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(permission("1"), { ...permission("2"), patterns: ["git push"] }, question("1"))
      const error = yield* refusal(call("respond_permission", { session_id: here, response: "once" }))
      for (const part of ["per_1 (permission for bash: rm -rf build)", "per_2 (permission for bash: git push)"]) {
        assert.include(error, part)
      }
      assert.include(error, "permission_id")
      assert.notInclude(error, "que_1")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("decides the named request, and shows the open ones", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"), permission("2"))
      const { view } = yield* Fiber.join(yield* respond({ permission_id: "per_2", response: "once" }))
      assert.deepStrictEqual(
        fake.replies.map(({ id }) => id),
        ["per_2"],
      )
      assert.strictEqual(view.outcome, "needs permission")
      assert.deepStrictEqual(
        view.waiting_for?.map(({ id }) => id),
        ["per_1"],
      )
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each(["per_9", "que_1", "", "../../instance/dispose"])(
    "rejects the unknown permission %j, and names the open one",
    (permission_id) =>
      Effect.gen(function* () {
        yield* withMain
        yield* waitingFor(permission("1"), question("1"))
        const error = yield* refusal(call("respond_permission", { session_id: here, permission_id, response: "once" }))
        assert.include(error, `no open permission "${permission_id}"`)
        assert.include(error, "per_1 (permission for bash: rm -rf build)")
        assert.include(error, "Nothing was sent")
      }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports that a settled request was not sent again, and how to see the result", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      fake.permissions = []
      const late = { session_id: here, permission_id: "per_1", response: "once" } as const
      const error = yield* refusal(call("respond_permission", late))
      for (const part of ["already settled", "Nothing was sent", "wait_for_session"]) assert.include(error, part)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports that the session has no open request", () =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(question("1"))
      const error = yield* refusal(call("respond_permission", { session_id: here, response: "once" }))
      assert.include(error, "is not waiting for a permission")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("does not decide a request of another session", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      fake.permissions = [permission("2", ses("other"))]
      const foreign = { session_id: here, permission_id: "per_2", response: "once" } as const
      assert.include(yield* refusal(call("respond_permission", foreign)), "is not open in session")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each(["once", "always"] as const)("rejects a message with %s", (response) =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(permission("1"))
      const error = yield* refusal(call("respond_permission", { session_id: here, response, message: "and hurry" }))
      assert.include(error, 'it requires response "reject"')
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("decides a subagent's request through its parent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1", child))
      const fiber = yield* respond({ response: "once" })
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
      finishAnswer(fake, "Both are done.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Both are done.", session_id: here })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("follows the turn to the next permission", () =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(permission("1"))
      const fiber = yield* respond({ response: "once" })
      yield* wants({ ...permission("2"), patterns: ["git push"] })
      const { text, view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "needs permission")
      assert.deepStrictEqual(
        view.waiting_for?.map(({ id }) => id),
        ["per_2"],
      )
      for (const part of ["allowed once", "git push", "respond_permission"]) assert.include(text, part)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports a turn that is still running when the wait ends, and the decision", () =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(permission("1"))
      const fiber = yield* respond({ response: "once" })
      yield* pass(49_000)
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.outcome, "still running")
      assert.lengthOf(view.decided ?? [], 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("notices a turn that ends at the moment of the decision", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      fake.fail(
        "POST /permission/per_1/reply",
        (reply) => Effect.tap(reply, () => Effect.sync(() => finishAnswer(fake, "Quick."))),
        1,
      )
      const { view } = yield* Fiber.join(yield* respond({ response: "once" }))
      assert.deepInclude(view, { outcome: "completed", text: "Quick." })
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("answer_question", () => {
  it.effect("sends the answers unchanged, and follows the turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const hostile = { options: [{ label: "Red\u200B \u001B[31m" }, { label: "Blue" }], custom: false }
      yield* waitingFor(asking(hostile, { multiple: true }, { options: [] }, {}))
      const answers = [["Red\u200B \u001B[31m"], ["Blue", "Red", "Pink"], ["Forty-two\n"], []]
      const fiber = yield* answer({ answers })
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, answers }])
      finishAnswer(fake, "Went on.")
      yield* pass(500)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Went on." })
      assert.deepStrictEqual(view.decided, [
        "answered Red [31m / Blue, Red, Pink / Forty-two / nothing to the question: Which? / Which? / Which? / Which?",
      ])
      assert.notInclude(text, "\u001B")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("dismisses the question, and shows how the turn ends", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(question("1"))
      const fiber = yield* answer({ reject: true })
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, reply: "reject" }])
      finishAnswer(fake, "")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(view.decided, ["dismissed the question: Which colour?"])
    }).pipe(Effect.provide(toolsOverFake)),
  )

  const closed = { custom: false }
  it.effect.each([
    ["no answer for one of the questions", { answers: [["Red"]] }, [{}, {}], "each of the 2 questions"],
    ["no answers at all", { answers: [] }, [{}], "each of the 1 questions"],
    ["more answers than questions", { answers: [["Red"], ["Red"]] }, [{}], "each of the 1 questions"],
    ["an unknown label", { answers: [["Pink"]] }, [closed], "accepts only Red, Blue"],
    ["a label in another case", { answers: [["red"]] }, [closed], "accepts only Red, Blue"],
    [
      "a label of another question",
      { answers: [["Red"], ["Red"]] },
      [{}, { ...closed, options: [{ label: "Small" }] }],
      "question 2 (Which?) accepts only Small",
    ],
    ["an unknown label among several", { answers: [["Red", "Pink"]] }, [{ ...closed, multiple: true }], "accepts only"],
    ["two labels for a single choice", { answers: [["Red", "Blue"]] }, [{}], "question 1 (Which?) accepts one answer"],
    ["two custom answers for a single choice", { answers: [["Pink", "Grey"]] }, [{}], "accepts one answer"],
    ["answers and a dismissal", { answers: [["Red"]], reject: true }, [{}], "it excludes answers"],
    ["neither answers nor a dismissal", {}, [{}], "pass the answers, or reject true"],
    ["no answers and no dismissal", { reject: false }, [{}], "pass the answers, or reject true"],
  ] as const)("refuses %s", ([, parameters, questions, detail]) =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(asking(...questions))
      assert.include(yield* refusal(call("answer_question", { session_id: here, ...parameters })), detail)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("lists all problems of the answers at once", () =>
    Effect.gen(function* () {
      yield* withMain
      yield* waitingFor(asking({ question: "Colour?", ...closed }, {}, { question: "Size?" }))
      const answers = [["Pink"], ["Red"], ["Red", "Blue"]]
      const error = yield* refusal(call("answer_question", { session_id: here, answers }))
      assert.include(error, "question 1 (Colour?) accepts only Red, Blue; question 3 (Size?) accepts one answer")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("requires an id if several questions are open, and answers the named one", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(question("1"), question("2"))
      const error = yield* refusal(call("answer_question", { session_id: here, answers: [["Red"]] }))
      for (const part of ["que_1", "que_2", "question_id"]) assert.include(error, part)
      yield* Fiber.join(yield* answer({ question_id: "que_2", answers: [["Red"]] }))
      assert.deepStrictEqual(fake.replies, [{ id: question("2").id, answers: [["Red"]] }])
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("delivering a decision", () => {
  const allowed = "allowed once: permission for bash: rm -rf build"
  const unconfirmed = `${allowed} (probably: the request is settled, but opencode's confirmation was lost, so another client may have settled it first)`
  it.effect.each([
    ["sent again if it never left", Fault.refused, 2, allowed],
    ["sent again if it was lost", Fault.lost, 2, allowed],
    ["sent once if it arrived, and its answer was lost", Fault.reset, 1, unconfirmed],
  ] as const)("is %s", ([, fault, times, decided]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      fake.fail("POST /permission/per_1/reply", fault, 1)
      const fiber = yield* respond({ response: "once" })
      yield* pass(2000)
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
      assert.strictEqual(fake.count("POST /permission/per_1/reply"), times)
      finishAnswer(fake, "Went on.")
      yield* pass(500)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, {
        outcome: "completed",
        decided: [decided],
      })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("reports a late decision, and follows the turn anyway", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      fake.fail(
        "POST /permission/per_1/reply",
        () => {
          fake.permissions = []
          fake.emit(event.replied(permission("1")))
          return Fault.named(404, "Permission request not found: per_1")(Effect.never)
        },
        1,
      )
      const fiber = yield* respond({ response: "reject" })
      finishAnswer(fake, "Somebody else had allowed it.")
      yield* pass(500)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Somebody else had allowed it." })
      assert.deepStrictEqual(view.decided, [
        "too late, because the request was already settled elsewhere: permission for bash: rm -rf build",
      ])
      assert.include(text, "too late")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("fails the call if opencode refuses it, and the agent is still waiting", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* waitingFor(permission("1"))
      fake.fail("POST /permission/per_1/reply", Fault.named(500, "Unexpected server error"))
      const error = yield* refusal(call("respond_permission", { session_id: here, response: "once" }))
      assert.include(error, "Unexpected server error")
      assert.strictEqual(fake.count("POST /permission/per_1/reply"), 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
