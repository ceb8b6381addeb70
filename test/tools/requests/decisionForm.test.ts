/** Forms for pending requests: valid in MCP for any request, and their content maps back to the intended decision. */
import { inputRequired } from "@modelcontextprotocol/server"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { formSchema, replyContent } from "../../../src/mcp/formSchema.ts"
import type { PendingRequest, Question } from "../../../src/opencode/requests/PendingRequest.ts"
import { decisionForm } from "../../../src/tools/requests/decisionForm.ts"
import type { Filled, Reading } from "../../../src/tools/requests/formTypes.ts"
import { HostileText, hostileText } from "../../discovery/relay/hostile.ts"
import { permission, question } from "../../../src/testing/samples.ts"

const asking = (...questions: ReadonlyArray<Question>): PendingRequest => ({
  kind: "question",
  request: { ...question("1"), questions },
})

const choosing = (labels: ReadonlyArray<string>, given: Partial<Question> = {}): Question => ({
  question: "Which?",
  options: labels.map((label) => ({ label })),
  ...given,
})

const opt = Schema.optionalKey
const Titled = Schema.Array(Schema.Struct({ const: Schema.String, title: Schema.String }))

/** No string without choices may be optional: the Codex TUI cannot submit such a form. */
const Shown = Schema.Struct({
  required: opt(Schema.Array(Schema.String)),
  properties: Schema.Record(
    Schema.String,
    Schema.Struct({
      type: Schema.Literals(["string", "array"]),
      enum: opt(Schema.Array(Schema.String)),
      oneOf: opt(Titled),
      items: opt(Schema.Struct({ type: Schema.Literal("string"), enum: Schema.Array(Schema.String) })),
    }),
  ),
})

const formOf = (pending: PendingRequest, filled?: Filled) => {
  const form = decisionForm(pending, filled)
  assert(form !== undefined, "there is no form")
  return form
}

/** The form as a client receives it. Throws if it is not a valid MCP form. */
const sent = (pending: PendingRequest, filled?: Filled): unknown => {
  const request = inputRequired.elicit({
    message: "Which?",
    requestedSchema: formSchema(formOf(pending, filled).schema),
  })
  assert(request.method === "elicitation/create" && "requestedSchema" in request.params)
  return request.params.requestedSchema
}

const shown = (pending: PendingRequest, filled?: Filled) => {
  const form = Schema.decodeUnknownSync(Shown)(sent(pending, filled))
  for (const [name, { enum: labels, oneOf, type }] of Object.entries(form.properties)) {
    if (type === "string" && labels === undefined && oneOf === undefined)
      assert.isTrue(form.required?.includes(name), name)
  }
  return form
}

/** All text that a form shows. */
const texts = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(texts)

// oxlint-disable-next-line no-control-regex -- these are the characters under test
const forbidden = /[\u0000-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u

/** The labels that a question's form offers. */
const choices = (pending: PendingRequest, index = 0, filled?: Filled) => {
  const field = shown(pending, filled).properties[`answer_${index + 1}`]
  return field?.enum ?? field?.items?.enum ?? []
}

const another = "another answer…"

/** Fills in the forms, one content each. */
const read = (pending: PendingRequest, ...contents: ReadonlyArray<unknown>): Reading => {
  let reading: Reading = { _tag: "Incomplete", filled: {}, ignored: [] }
  for (const content of contents) {
    assert(reading._tag === "Incomplete", "no further form is shown")
    // What a client brings back in a call of its own has been JSON.
    reading = formOf(pending, JSON.parse(JSON.stringify(reading.filled))).read(content)
  }
  return reading
}

const answers = (pending: PendingRequest, ...contents: ReadonlyArray<unknown>) => {
  const reading = read(pending, ...contents)
  return reading._tag === "Decided" && reading.decision.kind === "question" ? reading.decision.answers : undefined
}

const reasons = (pending: PendingRequest, ...contents: ReadonlyArray<unknown>) => {
  const reading = read(pending, ...contents)
  return reading._tag === "Unusable" ? reading.reasons.join("; ") : reading._tag
}

describe("the form for a permission", () => {
  const pending: PendingRequest = { kind: "permission", request: permission("1") }
  const reply = (content: unknown) => {
    const reading = read(pending, content)
    return reading._tag === "Decided" && reading.decision.kind === "permission" ? reading.decision.reply : undefined
  }

  it("has the choice alone, names the act again, and says what each choice means", () => {
    assert.deepStrictEqual(
      sent({ kind: "permission", request: { ...permission("1"), always: ["rm *", "git push *"] } }),
      {
        type: "object",
        properties: {
          decision: {
            type: "string",
            title: "Decision",
            description: "bash: rm -rf build",
            oneOf: [
              { const: "once", title: "once: only this time" },
              {
                const: "always",
                title: "always: rm *, git push * (in all sessions of this directory, until opencode exits)",
              },
              { const: "reject", title: "reject: ends the agent's turn" },
            ],
          },
        },
        required: ["decision"],
      },
    )
  })

  it("says that `always` is stored for the project, as on opencode 2", () => {
    const request = { ...permission("1"), always: ["rm *"], alwaysIsStored: true }
    const all = texts(sent({ kind: "permission", request }))
    assert.include(all, "always: rm * (in all sessions of this project, also after opencode restarts)")
  })

  it("leaves out whole patterns of `always`, and counts them", () => {
    const always = Array.from({ length: 80 }, (_, index) => `command-${index} *`)
    const title = texts(sent({ kind: "permission", request: { ...permission("1"), always } })).find((text) =>
      text.startsWith("always:"),
    )
    assert.match(title ?? "", /^always: command-0 \*, command-1 \*.*command-\d+ \* and \d+ more \(in all sessions/u)
    assert.isBelow(title?.length ?? 0, 180)
  })

  it("is an enum with names for clients older than revision 2025-11-25", () => {
    const form = formSchema(formOf(pending).schema, "older")["~standard"].jsonSchema.input({ target: "draft-07" })
    assert.deepNestedInclude(form, { "properties.decision.enum": ["once", "always", "reject"] })
    assert.deepNestedInclude(form, { "properties.decision.enumNames[0]": "once: only this time" })
    assert.notInclude(JSON.stringify(form), "oneOf")
  })

  it.each([
    [{ decision: "once" }, { reply: "once" }],
    [{ decision: "always" }, { reply: "always" }],
    [{ decision: " reject\n" }, { reply: "reject" }],
    [{ decision: "once", more: "hurry" }, { reply: "once" }],
  ])("reads %j", (content, expected) => assert.deepStrictEqual(reply(content), expected))

  it("says which field was not taken", () =>
    assert.deepInclude(read(pending, { decision: "once", reason: "hurry" }), {
      ignored: ['the form has no field "reason"'],
    }))

  it.each([
    [undefined, "nothing was chosen"],
    [null, "nothing was chosen"],
    ["once", "nothing was chosen"],
    [[], "nothing was chosen"],
    [{}, "nothing was chosen"],
    [{ decision: "" }, "nothing was chosen"],
    [{ decision: null }, "nothing was chosen"],
    [{ decision: "yes please" }, '"yes please" is none of once, always and reject'],
    [{ decision: "Once upon" }, '"Once upon" is none of'],
    [{ decision: ["once"] }, "is none of"],
    [{ decision: 1 }, '"1" is none of'],
    [{ other: "once" }, 'nothing was chosen; the form has no field "other"'],
  ])("decides nothing with %j, and says why", (content, why) => {
    assert.isUndefined(reply(content))
    assert.include(reasons(pending, content), why)
  })
})

describe("the form for a question", () => {
  it("requires one of the labels if no custom answer is allowed", () => {
    const pending = asking(choosing(["Red", "Blue"], { custom: false }))
    assert.deepStrictEqual(shown(pending), {
      properties: { answer_1: { type: "string", enum: ["Red", "Blue"] } },
      required: ["answer_1"],
    })
    assert.deepStrictEqual(answers(pending, { answer_1: "Blue" }), [["Blue"]])
  })

  it.each([undefined, true])("leads to a second form for the person's own words if custom is %s", (custom) => {
    const pending = asking(choosing(["Red", "Blue"], custom === undefined ? {} : { custom }))
    assert.deepStrictEqual(shown(pending), {
      properties: { answer_1: { type: "string", enum: ["Red", "Blue", another] } },
      required: ["answer_1"],
    })
    assert.deepStrictEqual(answers(pending, { answer_1: "Blue" }), [["Blue"]])
    const reading = read(pending, { answer_1: another })
    assert(reading._tag === "Incomplete")
    assert.deepStrictEqual(shown(pending, reading.filled), {
      properties: { other_1: { type: "string" } },
      required: ["other_1"],
    })
    assert.deepStrictEqual(answers(pending, { answer_1: another }, { other_1: "Green, please" }), [["Green, please"]])
    assert.strictEqual(reasons(pending, { answer_1: another }, { other_1: "  " }), "nothing was written")
    assert.strictEqual(reasons(pending, { answer_1: another }, {}), "nothing was written")
  })

  it("takes text that a client offers beside the choices as the person's own answer, where one is allowed", () => {
    assert.deepStrictEqual(answers(asking(choosing(["Red", "Blue"])), { answer_1: "Green" }), [["Green"]])
    const several = asking(choosing(["Red", "Blue"], { multiple: true }))
    assert.deepStrictEqual(answers(several, { answer_1: ["Pink", "Red"] }), [["Red", "Pink"]])
    assert.deepStrictEqual(answers(several, { answer_1: "Pink" }), [["Pink"]])
  })

  it.each([
    [["another answer…", "Blue"], "another answer… (2)"],
    [["another answer…", "another answer… (2)"], "another answer… (3)"],
    [["another answer…", "another answer…"], "another answer… (3)"],
  ])("tells the way to own words apart from the labels %j", (labels, way) => {
    const pending = asking(choosing(labels))
    const offered = choices(pending)
    assert.strictEqual(offered.at(-1), way)
    assert.strictEqual(new Set(offered).size, labels.length + 1)
    labels.forEach((label, index) => assert.deepStrictEqual(answers(pending, { answer_1: offered[index] }), [[label]]))
    assert.deepStrictEqual(answers(pending, { answer_1: way }, { other_1: "mine" }), [["mine"]])
  })

  it("accepts several labels if allowed, in the order of the options, with own words after them", () => {
    const pending = asking(choosing(["Red", "Green", "Blue"], { multiple: true }))
    assert.deepStrictEqual(choices(pending), ["Red", "Green", "Blue", another])
    assert.deepStrictEqual(answers(pending, { answer_1: ["Blue", "Red"] }), [["Red", "Blue"]])
    assert.deepStrictEqual(answers(pending, { answer_1: [another, "Blue", "Red"] }, { other_1: "Pink" }), [
      ["Red", "Blue", "Pink"],
    ])
    assert.strictEqual(reasons(pending, { answer_1: [] }), "nothing was chosen")
  })

  it("has a switch for each label in clients older than revision 2025-11-25, since Codex shows no list", () => {
    const labels = Array.from({ length: 9 }, (_, index) => `Colour ${index + 1}`)
    const pending = asking(choosing(labels, { header: "Colours", multiple: true }))
    const { schema } = formOf(pending)
    const sent = formSchema(schema, "older")["~standard"].jsonSchema.input({ target: "draft-07" })
    const about = { type: "boolean", description: "Colours: Which?", default: false }
    const names = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"].map((place) => `answer_1.${place}`)
    assert.deepStrictEqual<unknown>(sent, {
      type: "object",
      properties: Object.fromEntries(
        names.map((name, index) => [name, { ...about, title: [...labels, another][index] }]),
      ),
      required: [],
    })
    const filled = (...chosen: ReadonlyArray<number>) =>
      replyContent(schema, "older", Object.fromEntries(names.map((name, index) => [name, chosen.includes(index)])))
    assert.deepStrictEqual(answers(pending, filled(8, 0)), [["Colour 1", "Colour 9"]])
    assert.deepStrictEqual(answers(pending, filled(1, 9), { other_1: "Pink" }), [["Colour 2", "Pink"]])
    assert.strictEqual(reasons(pending, filled()), "nothing was chosen")
    assert.strictEqual(reasons(pending, replyContent(schema, "older", {})), "nothing was chosen")
    assert.deepStrictEqual(answers(pending, replyContent(schema, "older", { answer_1: ["Colour 3"] })), [["Colour 3"]])
    assert.include(reasons(pending, replyContent(schema, "older", { "answer_1.01": "perhaps" })), "has no field")
  })

  it("requires text if there are no options, regardless of custom", () => {
    const pending = asking(choosing([], { custom: false, multiple: true }))
    assert.deepStrictEqual(shown(pending), { properties: { other_1: { type: "string" } }, required: ["other_1"] })
    assert.deepStrictEqual(answers(pending, { other_1: "Forty-two" }), [["Forty-two"]])
    assert.strictEqual(reasons(pending, { other_1: " " }), "nothing was chosen")
  })

  it.each([true, false])("shows a single option (multiple: %s)", (multiple) => {
    const pending = asking(choosing(["Only this"], { multiple, custom: false }))
    assert.deepStrictEqual(choices(pending), ["Only this"])
    assert.deepStrictEqual(answers(pending, { answer_1: multiple ? ["Only this"] : "Only this" }), [["Only this"]])
  })

  it("has fields of its own for each question, and one form for all own words", () => {
    const pending = asking(
      choosing(["Red", "Blue"]),
      choosing([]),
      choosing(["Red", "Blue"], { multiple: true }),
      choosing(["Red", "Blue"], { custom: false }),
    )
    assert.deepStrictEqual(shown(pending).required, ["other_2"])
    const content = { answer_1: "Red", other_2: "Forty-two", answer_3: ["Blue"], answer_4: "Blue" }
    assert.deepStrictEqual(answers(pending, content), [["Red"], ["Forty-two"], ["Blue"], ["Blue"]])
    const own = { ...content, answer_1: another, answer_3: ["Red", another] }
    assert.deepStrictEqual(answers(pending, own, { other_1: "A", other_3: "C" }), [
      ["A"],
      ["Forty-two"],
      ["Red", "C"],
      ["Blue"],
    ])
  })

  it("may leave some questions unanswered, but not all", () => {
    const pending = asking(choosing(["Red", "Blue"]), choosing(["Red", "Blue"]))
    assert.deepStrictEqual(answers(pending, { answer_2: "Blue" }), [[], ["Blue"]])
    assert.strictEqual(reasons(pending, {}), "nothing was chosen")
    assert.strictEqual(reasons(pending, { answer_1: "", answer_2: null }), "nothing was chosen")
  })

  it("asks thirty questions on pages of four, and own words after them", () => {
    const pending = asking(...Array.from({ length: 30 }, () => choosing(["Red", "Blue"])))
    const pages = Array.from({ length: 8 }, (_, page) =>
      Object.fromEntries([0, 1, 2, 3].map((place) => [`answer_${4 * page + place + 1}`, "Blue"])),
    )
    assert.lengthOf(Object.keys(shown(pending).properties), 4)
    assert.deepStrictEqual(
      answers(pending, { ...pages[0], answer_1: another }, ...pages.slice(1), { other_1: "Mine" }),
      [["Mine"], ...Array.from({ length: 29 }, () => ["Blue"])],
    )
  })

  it("checks what a client brings back from earlier forms", () => {
    const pending = asking(choosing(["Red", "Blue"], { custom: false }), choosing(["Red", "Blue"]))
    const form = formOf(pending, { answer_1: ["Green"] })
    assert.deepInclude(form.read({ answer_2: "Blue" }), { _tag: "Unusable" })
  })

  it.each([
    ["two equal labels", ["Yes", "Yes"]],
    ["labels that differ in invisible characters", ["Yes", "Y\u200Bes", " Yes\u001B", "Yes\n"]],
    ["a label equal to another's numbered duplicate", ["Yes", "Yes", "Yes (2)"]],
    ["a label equal to another's numbered duplicate, listed first", ["Yes (2)", "Yes", "Yes"]],
    ["invisible labels", ["", "\u202E", " "]],
    ["labels with the same first 300 characters", [`${"x".repeat(300)}1`, `${"x".repeat(300)}2`]],
    ["escape sequences", ["\u001B[2JYes", "\u001B]8;;http://evil.test\u0007No"]],
  ])("tells labels apart: %s", (_, labels) => {
    const pending = asking(choosing(labels, { custom: false }))
    const offered = choices(pending)
    assert.strictEqual(new Set(offered).size, labels.length)
    labels.forEach((label, index) => {
      if (offered[index]?.trim() === "") return
      assert.deepStrictEqual(answers(pending, { answer_1: offered[index] }), [[label]])
    })
  })

  it.each([
    [undefined, "nothing was chosen"],
    [null, "nothing was chosen"],
    ["Red", "nothing was chosen"],
    [[], "nothing was chosen"],
    [{}, "nothing was chosen"],
    [{ answer_1: null }, "nothing was chosen"],
    [{ answer_1: "Yellow" }, '"Yellow" is none of the choices of question 1'],
    [{ answer_1: ["Red", "Blue"] }, "question 1 takes one answer"],
    [{ answer_1: 1 }, "answer_1 is no text"],
    [{ answer_1: { a: 1 } }, "answer_1 is no text"],
    [{ answer_1: [["Red"]] }, "answer_1 is no text"],
    [{ other_1: "Green" }, 'nothing was chosen; the form has no field "other_1"'],
  ])("decides nothing with %j, and says why", (content, why) =>
    assert.strictEqual(reasons(asking(choosing(["Red", "Blue"], { custom: false })), content), why),
  )

  it("has no form without a question", () => assert.isUndefined(decisionForm(asking())))
})

/** Labels with many duplicates, and arbitrary ones. */
const Label = Schema.Union([
  Schema.Literals(["A", "A\u200B", " A", "A (2)", "A (3)", "A (2) (2)", "", "B"]),
  Schema.String,
])

const AnyQuestion = Schema.Struct({
  text: HostileText,
  header: Schema.optionalKey(HostileText),
  options: Schema.Array(Schema.Struct({ label: Schema.Union([Label, HostileText]), chosen: Schema.Boolean })),
  multiple: Schema.optionalKey(Schema.Boolean),
  custom: Schema.optionalKey(Schema.Boolean),
  own: Schema.optionalKey(Schema.String),
})
type AnyQuestion = typeof AnyQuestion.Type

const labelOf = ({ label }: AnyQuestion["options"][number]) => (typeof label === "string" ? label : hostileText(label))

const made = ({ custom, header, multiple, options, text }: AnyQuestion): Question => ({
  question: hostileText(text),
  options: options.map((option) => ({ label: labelOf(option) })),
  ...(header === undefined ? {} : { header: hostileText(header) }),
  ...(multiple === undefined ? {} : { multiple }),
  ...(custom === undefined ? {} : { custom }),
})

/** Whether the person answers in own words, alone or beside chosen labels. */
const writes = ({ custom, multiple, options, own = "" }: AnyQuestion) =>
  own.trim() !== "" && (options.length === 0 || (custom !== false && (multiple === true || !options[0]?.chosen)))

/** The options that the person chooses. */
const places = (each: AnyQuestion): ReadonlyArray<number> => {
  const { multiple, options } = each
  if (multiple === true) return options.flatMap(({ chosen }, place) => (chosen ? [place] : []))
  return writes(each) || options.length === 0 ? [] : [0]
}

const meant = (each: AnyQuestion) => [
  ...each.options.filter((_, place) => places(each).includes(place)).map(labelOf),
  ...(writes(each) ? [each.own] : []),
]

/** What the person fills into this form. */
const filledIn = (questions: ReadonlyArray<AnyQuestion>, form: typeof Shown.Type) =>
  Object.fromEntries(
    Object.entries(form.properties).map(([name, { enum: labels, items, type }]) => {
      const each = questions[Number(name.split("_")[1]) - 1]
      assert(each !== undefined)
      const offered = labels ?? items?.enum
      if (offered === undefined) return [name, each.own ?? ""]
      const chosen = [...places(each).map((place) => offered[place]), ...(writes(each) ? [offered.at(-1)] : [])]
      return [name, type === "array" ? chosen : chosen[0]]
    }),
  )

describe("any question", () => {
  it.prop("has a form without dangerous characters", [Schema.NonEmptyArray(AnyQuestion)], ([questions]) => {
    for (const text of texts(sent(asking(...questions.map(made))))) assert.notMatch(text, forbidden)
  })

  it.prop(
    "has forms that MCP allows, and whatever is chosen and written comes back in the labels that opencode gave",
    [AnyQuestion, Schema.Array(AnyQuestion)],
    ([first, others]) => {
      const questions = [first, ...others]
      const pending = asking(...questions.map(made))
      let reading: Reading = { _tag: "Incomplete", filled: {}, ignored: [] }
      while (reading._tag === "Incomplete") {
        const filled: Filled = reading.filled
        reading = formOf(pending, filled).read(filledIn(questions, shown(pending, filled)))
      }
      const expected = questions.map(meant)
      if (expected.every((answer) => answer.length === 0)) {
        assert.deepStrictEqual(reading, { _tag: "Unusable", reasons: ["nothing was chosen"] })
      } else {
        assert.deepNestedInclude(reading, { _tag: "Decided", "decision.answers": expected })
      }
    },
  )
})
