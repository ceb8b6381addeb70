/** Forms for pending requests: valid in MCP for any request, and their content maps back to the intended decision. */
import { inputRequired } from "@modelcontextprotocol/server"
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import { formSchema } from "../../../src/mcp/formSchema.ts"
import type { PendingRequest, Question } from "../../../src/opencode/requests/PendingRequest.ts"
import { decisionForm } from "../../../src/tools/requests/decisionForm.ts"
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

const Shown = Schema.Struct({
  required: Schema.optionalKey(Schema.Array(Schema.String)),
  properties: Schema.Record(
    Schema.String,
    Schema.Struct({
      type: Schema.Literals(["string", "array"]),
      enum: Schema.optionalKey(Schema.Array(Schema.String)),
      items: Schema.optionalKey(Schema.Struct({ type: Schema.Literal("string"), enum: Schema.Array(Schema.String) })),
    }),
  ),
})

/** The form as a client receives it. Throws if it is not a valid MCP form. */
const sent = (pending: PendingRequest): unknown => {
  const request = inputRequired.elicit({
    message: "Which?",
    requestedSchema: formSchema(decisionForm(pending).schema),
  })
  assert(request.method === "elicitation/create" && "requestedSchema" in request.params)
  return request.params.requestedSchema
}

const shown = (pending: PendingRequest) => Schema.decodeUnknownSync(Shown)(sent(pending))

/** All text that a form shows. */
const texts = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(texts)

// oxlint-disable-next-line no-control-regex -- these are the characters under test
const forbidden = /[\u0000-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u

/** The labels that a question's form offers. */
const choices = (pending: PendingRequest, index = 0) => {
  const field = shown(pending).properties[`answer_${index + 1}`]
  return field?.enum ?? field?.items?.enum ?? []
}

const answers = (pending: PendingRequest, content: unknown) => {
  const decision = Option.getOrUndefined(decisionForm(pending).read(content))
  return decision?.kind === "question" ? decision.answers : undefined
}

describe("the form for a permission", () => {
  const pending: PendingRequest = { kind: "permission", request: permission("1") }
  const reply = (content: unknown) => {
    const decision = Option.getOrUndefined(decisionForm(pending).read(content))
    return decision?.kind === "permission" ? decision.reply : undefined
  }

  it("offers once, always and reject with a reason", () => {
    const { properties, required } = shown(pending)
    assert.deepStrictEqual(properties["decision"]?.enum, ["once", "always", "reject"])
    assert.strictEqual(properties["reason"]?.type, "string")
    assert.deepStrictEqual(required, ["decision"])
  })

  it.each([
    [{ decision: "once" }, { reply: "once" }],
    [{ decision: "always", reason: "" }, { reply: "always" }],
    [{ decision: "reject" }, { reply: "reject" }],
    [
      { decision: "reject", reason: " use another way " },
      { reply: "reject", message: " use another way " },
    ],
    // A blank reason would make opencode continue without instructions.
    [{ decision: "reject", reason: " \n" }, { reply: "reject" }],
    // opencode accepts a message only with a rejection.
    [{ decision: "once", reason: "hurry" }, { reply: "once" }],
  ])("reads %j", (content, expected) => assert.deepStrictEqual(reply(content), expected))

  it.each([
    undefined,
    null,
    "once",
    [],
    {},
    { decision: "yes" },
    { decision: ["once"] },
    { decision: "once", reason: 1 },
  ])("decides nothing with %j", (content) => assert.isUndefined(reply(content)))
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

  it.each([undefined, true])("accepts a custom answer if custom is %s", (custom) => {
    const pending = asking(choosing(["Red", "Blue"], custom === undefined ? {} : { custom }))
    assert.isUndefined(shown(pending).required)
    assert.deepStrictEqual(answers(pending, { answer_1: "Blue" }), [["Blue"]])
    assert.deepStrictEqual(answers(pending, { other_1: "Green, please" }), [["Green, please"]])
    assert.deepStrictEqual(answers(pending, { answer_1: "Blue", other_1: "  " }), [["Blue"]])
    assert.deepStrictEqual(answers(pending, {}), [[]])
  })

  it("accepts several labels if allowed, in the order of the options", () => {
    const pending = asking(choosing(["Red", "Green", "Blue"], { multiple: true }))
    assert.deepStrictEqual(answers(pending, { answer_1: ["Blue", "Red"], other_1: "Pink" }), [["Red", "Blue", "Pink"]])
    assert.deepStrictEqual(answers(pending, { answer_1: [] }), [[]])
  })

  it("requires text if there are no options, regardless of custom", () => {
    const pending = asking(choosing([], { custom: false, multiple: true }))
    assert.deepStrictEqual(shown(pending), { properties: { other_1: { type: "string" } }, required: ["other_1"] })
    assert.deepStrictEqual(answers(pending, { other_1: "Forty-two" }), [["Forty-two"]])
  })

  it.each([true, false])("shows a single option (multiple: %s)", (multiple) => {
    const pending = asking(choosing(["Only this"], { multiple, custom: false }))
    assert.deepStrictEqual(choices(pending), ["Only this"])
    assert.deepStrictEqual(answers(pending, { answer_1: multiple ? ["Only this"] : "Only this" }), [["Only this"]])
  })

  it("has fields of its own for each question", () => {
    const pending = asking(
      choosing(["Red", "Blue"], { custom: false }),
      choosing([]),
      choosing(["Red", "Blue"], { multiple: true }),
    )
    const content = { answer_1: "Red", other_2: "Forty-two", answer_3: ["Blue"] }
    assert.deepStrictEqual(answers(pending, content), [["Red"], ["Forty-two"], ["Blue"]])
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
    labels.forEach((label, index) => assert.deepStrictEqual(answers(pending, { answer_1: offered[index] }), [[label]]))
  })

  it.each([
    undefined,
    null,
    "Red",
    [],
    {},
    { answer_1: "Yellow" },
    { answer_1: ["Red"] },
    { answer_1: 1 },
    { answer_1: null },
    { other_1: "Green" },
  ])("decides nothing with %j", (content) =>
    assert.isUndefined(answers(asking(choosing(["Red", "Blue"], { custom: false })), content)),
  )

  it.each([{ answer_1: "Red" }, { answer_1: ["Yellow"] }, { answer_1: [1] }, { other_1: 7 }])(
    "decides nothing with %j where several may be chosen",
    (content) => assert.isUndefined(answers(asking(choosing(["Red", "Blue"], { multiple: true })), content)),
  )
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

/** Form content and the answers that it stands for. */
const filled = (pending: PendingRequest, { custom, multiple, options, own = "" }: AnyQuestion, index: number) => {
  const offered = choices(pending, index)
  const wanted = options.flatMap(({ chosen }, place) => (chosen ? [place] : []))
  const places = multiple === true ? wanted : [wanted[0] ?? 0].filter((place) => place < options.length)
  const labels = places.map((place) => offered[place])
  const writes = custom !== false || options.length === 0
  return {
    content: {
      ...(options.length === 0 ? {} : { [`answer_${index + 1}`]: multiple === true ? labels : labels[0] }),
      ...(writes ? { [`other_${index + 1}`]: own } : {}),
    },
    meant: [
      ...options.filter((_, place) => places.includes(place)).map(labelOf),
      ...(writes && own.trim() !== "" ? [own] : []),
    ],
  }
}

describe("any question", () => {
  it.prop("has a form without dangerous characters", [Schema.NonEmptyArray(AnyQuestion)], ([questions]) => {
    for (const text of texts(sent(asking(...questions.map(made))))) assert.notMatch(text, forbidden)
  })

  it.prop(
    "has a form that MCP allows, and whatever is chosen comes back as the labels that opencode gave",
    [AnyQuestion, Schema.Array(AnyQuestion)],
    ([first, others]) => {
      const questions = [first, ...others]
      const pending = asking(...questions.map(made))
      const all = questions.map((each, index) => filled(pending, each, index))
      const content = Object.assign({}, ...all.map((each) => each.content))
      assert.deepStrictEqual(
        answers(pending, content),
        all.map(({ meant }) => meant),
      )
    },
  )
})
