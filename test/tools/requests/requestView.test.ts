/** What a person sees of a request in an answer: all of it, without deceptive characters. */
import { advance } from "../../support/advance.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { PermissionRequest, Question } from "../../../src/opencode/requests/PendingRequest.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { renderAbort } from "../../../src/tools/turns/renderTurn.ts"
import { renderTurn } from "../../../src/tools/turns/renderTurn.ts"
import { requestText } from "../../../src/tools/requests/requestView.ts"
import { turnView } from "../../../src/tools/turns/turnView.ts"
import { HostileText, hostileText } from "../../discovery/relay/hostile.ts"
import { target } from "../../support/overFake.ts"
import { event, here, msg, permission, question, session } from "../../../src/testing/samples.ts"
import { child } from "./askingClient.ts"

const evil = "\u001B[2J\u001B]8;;http://evil.test\u0007\u202E\u2066\u200B\u0000\r"
// oxlint-disable-next-line no-control-regex -- these are the characters under test
const forbidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u

const asked = (given: Partial<PermissionRequest>): PermissionRequest => ({ ...permission("1"), ...given })
const shown = (given: Partial<PermissionRequest>) => requestText({ kind: "permission", request: asked(given) })

describe("a permission", () => {
  const long = `echo ${"long ".repeat(999)}; rm -rf /`

  it("shows a command of 5,000 characters in full", () => {
    assert.include(shown({ patterns: [long] }), long)
    assert.include(shown({ patterns: ["echo *"], details: { command: long } }), `Permission for bash:\n  ${long}`)
  })

  it("counts what it omits from a longer command", () => {
    const text = shown({ patterns: [`echo ${"x".repeat(30_000)} ; rm -rf ~`] })
    for (const part of ["  echo xxx", "xxx ; rm -rf ~", "NOT SHOWN IN FULL: 10,016 characters"])
      assert.include(text, part)
  })

  it("shows a command of several lines indented, so that none can pass for a line of the view", () => {
    const text = shown({ patterns: ["cat <<E\n\tone\nE\nDirectory: /harmless"] })
    assert.include(text, "  cat <<E\n    \tone\n    E\n    Directory: /harmless")
  })

  it("shows the whole command line instead of opencode's patterns, which leave out parts of it", () => {
    const command = "cd build && rm -rf . > log"
    assert.strictEqual(
      shown({ patterns: ["rm -rf ."], details: { command }, hasArguments: true }),
      `Permission for bash:\n  ${command}`,
    )
    assert.strictEqual(
      shown({ patterns: ["cd build", "rm -rf ."] }),
      "Permission for bash:\n  cd build\n  rm -rf .\ndirectory: not known, and may not be the session's",
      "an opencode that tells no command",
    )
  })

  it("shows each argument of a tool whose pattern says nothing once", () => {
    const details = { repo: "shop", issue: "7" }
    assert.strictEqual(
      shown({ permission: "close_issue", patterns: ["*"], details }),
      "Permission for close_issue:\nrepo: shop\nissue: 7",
    )
    assert.strictEqual(shown({ permission: "close_issue", patterns: ["*"] }), "Permission for close_issue:\n  *")
  })

  it("shows the file and the diff of an edit", () => {
    const diff = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new"
    const text = shown({
      permission: "edit",
      patterns: ["src/a.ts"],
      details: { filepath: "/work/project/src/a.ts", diff },
    })
    for (const part of [
      "Permission for edit:",
      "filepath: /work/project/src/a.ts",
      `diff:\n${diff.replaceAll(/^/gmu, "    ")}`,
    ]) {
      assert.include(text, part)
    }
  })

  it("counts omitted patterns", () => {
    const patterns = Array.from({ length: 60 }, (_, index) => `command ${index}`)
    assert.include(shown({ patterns }), "and 10 more")
  })

  it("makes control characters of a command visible", () => {
    assert.include(shown({ patterns: [`ls${evil}`] }), "ls␛[2J␛]8;;http://evil.test␇\\u{202E}\\u{2066}\\u{200B}␀␍")
  })
})

const questionText = (given: Partial<Question>) =>
  requestText({
    kind: "question",
    request: {
      ...question("1"),
      questions: [{ question: "Which colour?", options: [{ label: "Red", description: "warm" }], ...given }],
    },
  })

describe("a question", () => {
  it("shows the options with their descriptions, and how to answer", () => {
    assert.strictEqual(
      questionText({ multiple: true }),
      "Which colour?\n  - Red: warm\n  (choose one or more)\n  (or write a custom answer)",
    )
    assert.strictEqual(questionText({ custom: false }), "Which colour?\n  - Red: warm")
    assert.strictEqual(questionText({ custom: false, options: [] }), "Which colour?\n  (or write a custom answer)")
  })
})

const Pieces = Schema.Array(
  Schema.Union([
    Schema.Literals(["`", "```", "````\n", "\n", "\r\n", "\n\n### Heading\n", "~~~\n", "</pre>", "**evil**", evil]),
    HostileText,
  ]),
)
const joined = (pieces: typeof Pieces.Type) =>
  pieces.map((piece) => (typeof piece === "string" ? piece : hostileText(piece))).join("")

/** The lines outside of every fenced block, without their code spans. */
const outside = (markdown: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let open: string | undefined
  for (const line of markdown.split("\n")) {
    const fence = /^`{3,}$/u.exec(line)?.[0]
    if (open === undefined && fence !== undefined) open = fence
    else if (open === undefined) found.push(line.replaceAll(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/gu, "§"))
    else if (fence !== undefined && fence.length >= open.length) open = undefined
  }
  assert.isUndefined(open, "a block is not closed")
  return found
}

describe("an answer with pending requests", () => {
  it.prop("keeps untrusted text in its blocks", [Pieces, Pieces], ([one, two]) => {
    const [name, text] = [joined(one), joined(two)]
    const turn = [
      event.updated({ ...session("child"), parentID: here }),
      event.asked(asked({ permission: name, patterns: [text, name], details: { [name]: text }, always: [text] })),
      event.questioned({
        ...question("1", child),
        questions: [{ question: text, header: name, options: [{ label: name, description: text }] }],
      }),
    ].reduce(advance, Turn.begin(here, msg("u")))
    const first = [...turn.pending.values()][0]?.request
    assert(first !== undefined && "patterns" in first)
    const view = turnView(target, { turn, outcome: { _tag: "needs permission", request: first } }, [text, name])
    assert.lengthOf(view.waiting_for ?? [], 2)
    const rendered = renderTurn(view)
    assert.notMatch(rendered, forbidden)
    for (const line of outside(rendered)) {
      assert.notInclude(line, "`")
      assert.notMatch(line, /evil|<\/pre>|^#/u)
    }
  })

  it("reports the result of an abort", () => {
    const view = { instance: "fake`", session_id: here, was_running: true, final: false, dismissed_count: 2 }
    const rendered = renderAbort(view)
    for (const part of ["was asked to stop", "still busy", "2 pending requests dismissed"]) {
      assert.include(rendered, part)
    }
    assert.deepStrictEqual(outside(rendered).join("").includes("`"), false)
  })

  it("does not say that nothing was running if another opencode is running the turn", () => {
    const view = { instance: "fake", session_id: here, was_running: false, final: true, dismissed_count: 0 }
    assert.include(renderAbort(view), "Nothing was running")
    assert.include(renderAbort({ ...view, elsewhere: true }), "was not stopped")
  })
})
