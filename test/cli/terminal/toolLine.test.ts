/** A tool call in one line. */
import { assert, describe, it } from "@effect/vitest"
import { styleOf } from "../../../src/cli/terminal/style.ts"
import { toolLine } from "../../../src/cli/terminal/toolLine.ts"
import type { ToolState } from "../../../src/opencode/sessions/Message.ts"

const style = styleOf(false)
const directory = "/work/shop"

const completed = (input: ToolState["input"], rest: Partial<Extract<ToolState, { status: "completed" }>> = {}) =>
  ({ status: "completed", input, output: "", ...rest }) as const

const took = (milliseconds: number) => ({ time: { start: 1000, end: 1000 + milliseconds } })

const calls: ReadonlyArray<readonly [string, string, ToolState]> = [
  ["$ npm test ✓ 3 s", "bash", completed({ command: "npm test", description: "Runs it" }, took(3000))],
  ["$ npm test ✗ 1.2 s: exit 1", "shell", completed({ command: "npm test" }, { ...took(1234), report: { exit: 1 } })],
  ["$ make ✓ 12 min", "bash", completed({ command: "make" }, { ...took(750_000), report: { exit: 0 } })],
  ["$ make ✓", "bash", completed({ command: "make" }, took(999))],
  ["$ make …", "bash", { status: "running", input: { command: "make" }, time: { start: 1 } }],
  ["$ …", "bash", { status: "pending", input: {} }],
  ["$ serve (continues in the background)", "shell", completed({ command: "serve" }, { background: true })],
  ["$ cd src ⏎ ls ✓", "bash", completed({ command: "cd src\nls\n" })],
  ["read src/login.ts ✓", "read", completed({ filePath: "/work/shop/src/login.ts" })],
  ["read /etc/hosts ✗: not allowed", "read", { status: "error", input: { path: "/etc/hosts" }, error: "not\nallowed" }],
  [
    "edit src/login.ts +3 -1 ✓",
    "edit",
    completed({ path: "src/login.ts", oldString: "a", newString: "b" }, { report: { added: 3, removed: 1 } }),
  ],
  [
    "apply_patch a.ts, b/c.ts ✓",
    "apply_patch",
    completed({ patchText: "*** Begin Patch\n*** Update File: a.ts\n@@\n-x\n+y\n*** Add File: b/c.ts\n+z\n" }),
  ],
  ["grep TODO in src ✓", "grep", completed({ pattern: "TODO", path: "src", include: "*.ts" })],
  ["webfetch https://example.com ✓", "webfetch", completed({ url: "https://example.com", format: "text" })],
  ["task Find the bug ✓ 1.5 s", "task", completed({ description: "Find the bug", prompt: "…" }, took(1500))],
  ["todowrite 2 items ✓", "todowrite", completed({ todos: [{}, {}] })],
  ["question Which colour? ✓", "question", completed({ questions: [{ question: "Which colour?", options: [] }] })],
  ['tracker_find {"issue":7} ✓', "tracker_find", completed({ issue: 7 })],
]

describe("A tool call in one line", () => {
  it.each(calls)("%s", (expected, tool, state) => {
    assert.strictEqual(toolLine({ tool, state }, { style, directory }), expected)
  })

  it("is as wide as its room at most, and keeps how the call ended", () => {
    const state = completed({ command: `echo ${"long ".repeat(100)} end` }, { ...took(3000), report: { exit: 2 } })
    const text = toolLine({ tool: "bash", state }, { style, room: 40 })
    assert.isAtMost(text.length, 40)
    assert.match(text, /^\$ echo long.* … .*end ✗ 3 s: exit 2$/u)
  })

  it("has nothing that moves the cursor or hides text", () => {
    const state = completed({ command: "ls\u001B[2J\u202E" })
    assert.strictEqual(toolLine({ tool: "b\u001B\n", state }, { style }), "b␛ ls␛[2J\\u{202E} ✓")
  })
})
