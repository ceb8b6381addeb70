/** Permissions and forms of opencode 2 in the words of the domain, and answers to forms. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { formAnswer, toPermission, toQuestion } from "../../../src/opencode/v2/requests.ts"
import { WireForm, WirePermission } from "../../../src/opencode/v2/wire/WireRequest.ts"

const permission = (fields: object) =>
  Schema.decodeSync(WirePermission)({
    id: "per_1",
    sessionID: "ses_1",
    action: "edit",
    resources: ["a.ts"],
    ...fields,
  })

/** What a person reads in place of the hologram. */
const missing = "opencode also shows a field here that this version of opencode-fleet does not understand: hologram"

const form = Schema.decodeUnknownSync(WireForm)({
  id: "frm_1",
  sessionID: "ses_1",
  title: "Questions",
  metadata: { kind: "question", tool: { messageID: "msg_2", id: "call_1" } },
  fields: [
    {
      key: "q0",
      title: "Colour",
      description: "Which colour?",
      type: "string",
      options: [{ value: "r", label: "Red", description: "warm" }],
      custom: true,
    },
    { key: "secret", type: "string", hidden: true },
    { key: "q1", description: "Which sizes?", type: "multiselect", options: [{ value: "s", label: "Small" }] },
    { key: "q2", title: "Sure?", type: "boolean" },
    { key: "q3", title: "How many?", type: "integer" },
    { key: "q4", type: "hologram" },
    { key: "q5", type: "external", url: "https://example.com" },
  ],
})

describe("A permission of opencode 2", () => {
  it("of an edit shows the files and their diff", () => {
    const files = [{ file: "a.ts", patch: "-a\n+b", additions: 1 }]
    assert.deepStrictEqual(toPermission(permission({ metadata: { files, count: 1 }, save: ["*", "*"] })).details, {
      count: "1",
      filepath: "a.ts",
      diff: "-a\n+b",
    })
  })

  it("of a shell shows the whole command line, which only the tool call has", () => {
    const request = toPermission(permission({ action: "shell", resources: ["ls", "cat a"], save: ["ls *"] }), {
      status: "running",
      input: { command: "ls && cat a", workdir: "/srv", description: "looks" },
    })
    assert.deepInclude(request, {
      permission: "shell",
      always: ["ls *"],
      alwaysIsStored: true,
      details: { command: "ls && cat a", workdir: "/srv" },
    })
  })
})

describe("A form of opencode 2", () => {
  it("asks a question for each visible field", () => {
    const { questions, tool } = toQuestion(form)
    assert.strictEqual(tool?.messageID, "msg_2" as never)
    assert.deepStrictEqual(questions, [
      {
        question: "Which colour?",
        header: "Colour",
        options: [{ label: "Red", description: "warm" }],
        custom: true,
      },
      { question: "Which sizes?", options: [{ label: "Small" }], multiple: true, custom: false },
      { question: "Sure?", options: [{ label: "Yes" }, { label: "No" }], custom: false },
      { question: `How many? (${missing})`, options: [] },
    ])
  })

  it("is answered by keys, with the values of the labels, own words, and nothing where nothing was chosen", () => {
    assert.deepStrictEqual(formAnswer(form, [["Red"], ["Small", "Huge"], ["Yes"], ["3"]]), {
      q0: "r",
      q1: ["s", "Huge"],
      q2: true,
      q3: 3,
    })
    assert.deepStrictEqual(formAnswer(form, [["own words"], [], ["No"]]), { q0: "own words", q2: false })
  })
})
