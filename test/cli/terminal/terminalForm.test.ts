/** Forms in the terminal: a person's input, and the decision. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestConsole } from "effect/testing"
import { terminalForm } from "../../../src/cli/terminal/terminalForm.ts"
import type { PendingRequest, Question } from "../../../src/opencode/requests/PendingRequest.ts"
import { type Brought, readReply } from "../../../src/tools/requests/askPerson.ts"
import { decisionForm } from "../../../src/tools/requests/decisionForm.ts"
import type { Filled } from "../../../src/tools/requests/formTypes.ts"
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

const formOf = (pending: PendingRequest, filled?: Filled) => {
  const form = decisionForm(pending, filled)
  assert(form !== undefined)
  return form
}

/** Fills in the request's forms. Returns the decision and the number of fields shown. */
const decide = Effect.fnUntraced(function* (pending: PendingRequest, ...typed: Typed) {
  const { fields, layer, written } = fakeTerminal(typed)
  const decided = Effect.gen(function* () {
    let brought: Brought = { filled: {}, notes: [] }
    while (brought.filled !== undefined) {
      const form = formOf(pending, brought.filled)
      brought = readReply(pending, form, yield* terminalForm({ message: "Look", form: form.schema }))
    }
    return brought
  })
  const { decision, notes } = yield* Effect.provide(decided, layer())
  return { decision, notes, fields: fields(), written: written() }
})

describe("A permission in the terminal", () => {
  it.effect("is allowed with one key", () =>
    Effect.gen(function* () {
      const { decision, fields } = yield* decide(asked, ["enter"])
      assert.deepInclude(decision, { kind: "permission", reply: { reply: "once" } })
      assert.strictEqual(fields, 1)
    }),
  )

  it.effect("is rejected, and shows what each choice means", () =>
    Effect.gen(function* () {
      const { decision, written } = yield* decide(asked, ["down", "down", "enter"])
      assert.deepInclude(decision, { kind: "permission", reply: { reply: "reject" } })
      for (const part of ["bash: rm -rf build", "once: only this time", "reject: ends"]) assert.include(written, part)
    }),
  )

  it.effect("stays open if the form is closed", () =>
    Effect.gen(function* () {
      const { decision, fields, notes } = yield* decide(asked, ["escape"])
      assert.deepStrictEqual([decision, fields, notes], [undefined, 1, []])
    }),
  )

  it.effect("is shown in full, without control characters", () =>
    Effect.gen(function* () {
      const { layer } = fakeTerminal([["enter"]])
      const form = { message: "rm -rf \u001B[2J\u202Ebuild", form: formOf(asked).schema }
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

  it.effect("stays open if nothing is chosen or written", () =>
    Effect.gen(function* () {
      const unwritten = yield* decide(questions({}), ["down", "down", "enter"], ["enter"])
      assert.isUndefined(unwritten.decision)
      assert.include(unwritten.notes.join(), "not taken: nothing was written")
      const unchosen = yield* decide(questions({ multiple: true }), ["enter"])
      assert.isUndefined(unchosen.decision)
      assert.include(unchosen.notes.join(), "not taken: nothing was chosen")
    }),
  )

  it.effect("can be dismissed", () =>
    Effect.gen(function* () {
      const { decision } = yield* decide(questions({}), ["down", "down", "down", "enter"])
      assert.deepInclude(decision, { kind: "question", answers: undefined })
    }),
  )

  it.effect("can be left unanswered beside others", () =>
    Effect.gen(function* () {
      const { decision } = yield* decide(questions({ custom: false }, {}), ["down", "down", "enter"], ["enter"])
      assert.deepInclude(decision, { kind: "question", answers: [[], ["Red"]] })
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
