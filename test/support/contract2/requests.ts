/** Permissions and forms, and decisions on them. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { refusal } from "../../../src/opencode/requests/decision.ts"
import * as facts from "../opencode2Facts.ts"
import { asked, type Case, newSession, prompt, raw, waitingFor } from "./Server2.ts"

const refusedRequest = (kind: "permission" | "question", text: string) =>
  Effect.gen(function* () {
    const { opencode, server } = yield* asked
    const { id } = yield* newSession(kind)
    yield* prompt(id, text)
    const pending = yield* waitingFor(id)
    assert.strictEqual(pending.kind, kind)
    assert.isTrue(yield* opencode.decide(server.directory, refusal(pending)))
    yield* server.settle(id)
    // opencode's own rejection would leave no outcome, and a restarted service would resume the turn.
    assert.strictEqual((yield* facts.conversation(server, id)).at(-1), "[idle]")
    assert.isFalse(yield* opencode.decide(server.directory, refusal(pending)))
    assert.deepStrictEqual(yield* facts.pending(server, kind === "question" ? "form" : kind, id), [])
  })

export const requests: ReadonlyArray<Case> = [
  [
    "a permission shows its whole command line and what `always` would save, and is allowed once",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
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
      assert.isTrue(yield* opencode.decide(server.directory, { ...pending, reply: { reply: "once" } }))
      assert.isFalse(yield* opencode.decide(server.directory, { ...pending, reply: { reply: "once" } }))
      yield* server.settle(id)
      assert.include((yield* facts.conversation(server, id)).at(-2), "two")
    }),
  ],
  ["a refused permission stays refused, and leaves nothing to resume", refusedRequest("permission", "run: true")],
  ["a refused question stays refused, and leaves nothing to resume", refusedRequest("question", "ask: Which colour?")],
  [
    "the reason of a rejection reaches the agent, and the turn continues",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession("Reason")
      const messageID = yield* prompt(id, "run: false")
      const pending = yield* waitingFor(id)
      if (pending.kind !== "permission") return
      const reply = { reply: "reject", message: "say:I read the reason" } as const
      assert.isTrue(yield* opencode.decide(server.directory, { ...pending, reply }))
      yield* server.settle(id)
      assert.isFalse(yield* opencode.decide(server.directory, { ...pending, reply }))
      assert.deepStrictEqual(yield* facts.inbox(server, id), [])
      assert.include((yield* facts.conversation(server, id)).at(-2), "I read the reason")
      const { messages } = yield* opencode.messages(id, { limit: 50 })
      assert.deepStrictEqual(
        messages.map(({ info }) => (info.role === "assistant" ? info.parentID : info.id)),
        [messageID, messageID, messageID],
      )
    }),
  ],
  [
    "answers the questions of a form by their labels",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
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
      const form = `/api/session/${id}/form/${pending.request.id}/reply`
      const wrong = yield* raw(`POST ${form}`, { body: { answer: { nothing: "x" } } })
      assert.deepStrictEqual([wrong.status, wrong.tag], [400, "FormInvalidAnswerError"])
      assert.isTrue(yield* opencode.decide(server.directory, { ...pending, answers: [["blue"]] }))
      yield* server.settle(id)
      assert.include((yield* facts.conversation(server, id)).at(-2), "blue")
      assert.isFalse(yield* opencode.decide(server.directory, { ...pending, answers: [["red"]] }))
      const late = yield* raw(`POST ${form}`, { body: { answer: { q0: "red" } } })
      assert.deepStrictEqual([late.status, late.tag], [409, "FormAlreadySettledError"])
    }),
  ],
]
