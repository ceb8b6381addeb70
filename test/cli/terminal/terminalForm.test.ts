/** Forms in the terminal: a person's input, and the decision. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { TestConsole } from "effect/testing"
import { terminalForm } from "../../../src/cli/terminal/terminalForm.ts"
import type { PendingRequest, Question } from "../../../src/opencode/requests/PendingRequest.ts"
import { decisionOf } from "../../../src/tools/requests/askPerson.ts"
import { decisionForm } from "../../../src/tools/requests/decisionForm.ts"
import { permission, question } from "../../../src/testing/samples.ts"
import { fakeTerminal } from "./fakeTerminal.ts"

type Typed = NonNullable<Parameters<typeof fakeTerminal>[0]>

const asked: PendingRequest = { kind: "permission", request: permission("1") }

const questions = (...all: ReadonlyArray<Partial<Question>>): PendingRequest => ({
  kind: "question",
  request: {
    ...question("1"),
    questions: all.map((each) => ({
      question: "Which colour?",
      options: [{ label: "Red" }, { label: "Blue" }],
      ...each,
    })),
  },
})

/** Fills in the request's form. Returns the decision and the number of fields shown. */
const decide = Effect.fnUntraced(function* (pending: PendingRequest, ...typed: Typed) {
  const { fields, layer } = fakeTerminal(typed)
  const form = { message: "Look", form: decisionForm(pending).schema }
  const reply = yield* Effect.provide(terminalForm(form), layer())
  return { reply, decision: Option.getOrUndefined(decisionOf(pending, reply)), fields: fields() }
})

describe("A permission in the terminal", () => {
  it.effect("is allowed with one key, without asking for a reason", () =>
    Effect.gen(function* () {
      const { decision, fields } = yield* decide(asked, ["enter"])
      assert.deepInclude(decision, { kind: "permission", reply: { reply: "once" } })
      assert.strictEqual(fields, 1)
    }),
  )

  it.effect("is rejected with a reason", () =>
    Effect.gen(function* () {
      const { decision } = yield* decide(asked, ["down", "down", "enter"], [{ word: "not now" }, "enter"])
      assert.deepInclude(decision, { kind: "permission", reply: { reply: "reject", message: "not now" } })
    }),
  )

  it.effect("stays open if the form is closed", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* decide(asked, ["escape"]), {
        reply: { action: "cancel" },
        decision: undefined,
        fields: 1,
      })
    }),
  )

  it.effect("is shown in full, without control characters", () =>
    Effect.gen(function* () {
      const { layer } = fakeTerminal([["enter"]])
      const form = { message: "rm -rf \u001B[2J\u202Ebuild", form: decisionForm(asked).schema }
      yield* Effect.provide(terminalForm(form), layer())
      const shown = (yield* TestConsole.errorLines).join("\n")
      assert.include(shown, "rm -rf [2Jbuild")
      assert.notInclude(shown, "\u001B")
    }),
  )
})

describe("A question in the terminal", () => {
  it.effect("is answered with a choice, without asking for a custom answer", () =>
    Effect.gen(function* () {
      const { decision, fields } = yield* decide(questions({}), ["down", "enter"])
      assert.deepInclude(decision, { kind: "question", answers: [["Blue"]] })
      assert.strictEqual(fields, 1)
    }),
  )

  it.effect("is answered with a custom answer after the choices", () =>
    Effect.gen(function* () {
      const { decision } = yield* decide(questions({}), ["down", "down", "enter"], [{ word: "Green" }, "enter"])
      assert.deepInclude(decision, { kind: "question", answers: [["Green"]] })
    }),
  )

  it.effect("is dismissed if nothing is chosen or written", () =>
    Effect.gen(function* () {
      const { decision } = yield* decide(questions({}), ["down", "down", "enter"], ["enter"])
      assert.deepInclude(decision, { kind: "question", answers: undefined })
    }),
  )

  it.effect("without a custom answer can be dismissed, too", () =>
    Effect.gen(function* () {
      const { decision } = yield* decide(questions({ custom: false }), ["down", "down", "enter"])
      assert.deepInclude(decision, { kind: "question", answers: undefined })
    }),
  )

  it.effect("can be dismissed even if an option is called reject", () =>
    Effect.gen(function* () {
      const options = [{ label: "accept" }, { label: "reject" }]
      const { decision } = yield* decide(questions({ options, custom: false }), ["down", "down", "enter"])
      assert.deepInclude(decision, { kind: "question", answers: undefined })
    }),
  )

  it.effect("takes several choices, and one answer for each question", () =>
    Effect.gen(function* () {
      // "Select All" and "Inverse Selection" precede the choices.
      const both = ["down", "down", "space", "down", "space", "enter"] as const
      const { decision } = yield* decide(questions({ multiple: true, custom: false }, { options: [] }), both, [
        { word: "free" },
        "enter",
      ])
      assert.deepInclude(decision, { kind: "question", answers: [["Red", "Blue"], ["free"]] })
    }),
  )
})

describe("A form", () => {
  it.effect("shows a field's title and description", () =>
    Effect.gen(function* () {
      const { layer, written } = fakeTerminal([[{ word: "x" }, "enter"]])
      const form = Schema.Struct({ name: Schema.String.annotate({ title: "Name", description: "of the thing" }) })
      yield* Effect.provide(terminalForm({ message: "", form }), layer())
      assert.include(written(), "Name: of the thing")
    }),
  )
})
