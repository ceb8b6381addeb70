/** The entries of a session in opencode 2 as the domain's messages, and the outcome of the turn that they tell of. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { recognised } from "../../support/recognised.ts"
import type { AssistantInfo, Message } from "../../../src/opencode/sessions/Message.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { conversation } from "../../../src/opencode/v2/conversation.ts"
import { makeRefusedSteps, reasonMark } from "../../../src/opencode/v2/refusals.ts"
import { WireEntry } from "../../../src/opencode/v2/wire/WireMessage.ts"
import { tolerantArray } from "../../../src/opencode/http/tolerantArray.ts"
import { here, msg } from "../../../src/testing/samples.ts"

const user = (id: string, fields: object = {}) => ({
  type: "user",
  id: `msg_${id}`,
  time: { created: 1 },
  text: `prompt ${id}`,
  ...fields,
})

const answer = (id: string, fields: object = {}) => ({
  type: "assistant",
  id: `msg_${id}`,
  time: { created: 2, completed: 3 },
  agent: "build",
  model: { providerID: "acme", id: "maker/big" },
  content: [{ type: "text", text: `answer ${id}` }],
  finish: "stop",
  ...fields,
})

const idle = (outcome: string) => ({ type: "idle", id: "msg_idle", time: { created: 4 }, outcome })

const synthetic = (id: string, fields: object = {}) => ({
  type: "synthetic",
  id: `msg_${id}`,
  time: { created: 2 },
  text: "opencode has news",
  ...fields,
})

const stopped = {
  time: { created: 2, completed: 3 },
  finish: "error",
  error: { type: "aborted", message: "Step interrupted" },
}

const tool = (error: string) => ({
  type: "tool",
  id: "call_1",
  name: "shell",
  state: { status: "error", input: { command: "ls" }, error: { type: "aborted", message: error } },
})

/** Fields that are undefined are absent. */
const decode = (entries: ReadonlyArray<object>) =>
  recognised(Schema.decodeUnknownSync(tolerantArray(WireEntry))(JSON.parse(JSON.stringify(entries))))

interface Context {
  readonly prompt?: string
  readonly idle?: object
  readonly refused?: string
}

const messagesOf = (entries: ReadonlyArray<object>, context: Context = {}) => {
  const refused = makeRefusedSteps()
  if (context.refused !== undefined) refused.add(msg(context.refused))
  const [marker] = decode(context.idle === undefined ? [] : [context.idle])
  return conversation(decode(entries), {
    session: here,
    prompt: context.prompt === undefined ? undefined : msg(context.prompt),
    idle: marker?.type === "idle" ? marker : undefined,
    worktree: "/work",
    refused,
  })
}

const parents = (messages: ReadonlyArray<Message>) =>
  messages.map(({ info }) => (info.role === "assistant" ? info.parentID : info.id))

const infoOf = (messages: ReadonlyArray<Message>) => messages.at(-1)?.info as AssistantInfo

/** The outcome of the turn of the prompt `msg_1` in an idle session. */
const outcomeOf = (messages: ReadonlyArray<Message>) => {
  const begun = { ...Turn.begin(here, msg("1")), accepted: true }
  const turn = Turn.reconcile(begun, { status: { type: "idle" }, messages, pending: [] })
  return Turn.outcome(turn) ?? Turn.unfinishedOutcome(turn, true)
}

describe("An answer of opencode 2", () => {
  it("belongs to the prompt before it", () => {
    const entries = [user("1"), answer("2"), answer("3"), idle("succeeded"), user("4"), answer("5")]
    assert.deepStrictEqual(parents(messagesOf(entries)), [msg("1"), msg("1"), msg("1"), msg("4"), msg("4")])
  })

  it("belongs to the prompt before the page if there is none before it", () => {
    assert.deepStrictEqual(parents(messagesOf([answer("2"), user("3")], { prompt: "1" })), [msg("1"), msg("3")])
  })

  it("goes on after opencode's own entries, known and unknown", () => {
    const own = [
      synthetic("s"),
      { type: "compaction", id: "msg_c", time: { created: 2 }, status: "completed", summary: "So far" },
      { type: "agent-switched", id: "msg_a", agent: "plan" },
      { type: "hologram" },
    ]
    const messages = messagesOf([user("1"), answer("2", stopped), ...own, answer("3"), idle("succeeded")])
    assert.deepStrictEqual(parents(messages), [msg("1"), msg("1"), msg("c"), msg("1")])
    assert.deepStrictEqual(outcomeOf(messages), { _tag: "completed" })
  })

  it("continues the turn after a restart, which the outcome tells", () => {
    const restart = synthetic("s", { description: "Continuing after restart" })
    for (const cut of [stopped, { time: { created: 2, completed: 9 }, finish: undefined, content: [] }]) {
      const messages = messagesOf([user("1"), answer("2", cut), restart, answer("3"), idle("succeeded")])
      assert.deepStrictEqual(parents(messages), [msg("1"), msg("1"), msg("1")])
      const outcome = outcomeOf(messages)
      assert.deepStrictEqual(outcome, {
        _tag: "completed",
        detail: "opencode was restarted during the turn and continued it",
      })
    }
  })

  it("to opencode's own text in an idle session is a turn of its own", () => {
    const background = { status: "completed", input: {}, content: [], metadata: { status: "running" } }
    const started = answer("2", { content: [{ type: "tool", id: "call_1", name: "shell", state: background }] })
    const entries = [user("1"), started, idle("succeeded"), synthetic("s"), answer("3"), idle("succeeded")]
    const messages = messagesOf(entries)
    assert.deepStrictEqual(parents(messages), [msg("1"), msg("1"), msg("s"), msg("s")])
    const outcome = outcomeOf(messages)
    assert.include(outcome._tag === "completed" ? outcome.detail : "", "left work in the background (shell)")
  })

  it("is not begun by opencode's own text that is delivered with the next prompt", () => {
    const entries = [user("1"), answer("2"), idle("succeeded"), synthetic("s"), user("3"), answer("4")]
    assert.deepStrictEqual(parents(messagesOf(entries)), [msg("1"), msg("1"), msg("3"), msg("3")])
  })

  it("has parts with the ids of the events, and absolute paths of the changed files", () => {
    const content = [
      { type: "reasoning", text: "hm" },
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      { type: "hologram" },
      tool("no"),
    ]
    const message = messagesOf([user("1"), answer("2", { content, snapshot: { start: "tree", files: ["a.ts"] } })])[1]
    assert.isDefined(message)
    assert.deepStrictEqual(
      message.parts.map(({ id }) => id),
      ["step", "reasoning:0", "text:0", "text:1", "unknown:3", "tool:call_1", "patch"].map((part) => `msg_2:${part}`),
    )
    assert.deepInclude(message.parts[0], { type: "step", snapshot: true })
    assert.deepInclude(message.parts.at(-1), { type: "patch", files: ["/work/a.ts"] })
    assert.strictEqual(message.info.role === "assistant" ? message.info.model : "", "acme/maker/big")
  })

  it("whose text is empty while it runs is still streaming", () => {
    const running = { time: { created: 2 }, finish: undefined, content: [{ type: "text", text: "" }] }
    const [, message] = messagesOf([user("1"), answer("2", running)])
    const text = message?.parts.at(-1)
    assert.deepStrictEqual(text?.type === "text" ? text.time : undefined, { start: 2 })
  })
})

describe("What is stored of a turn of opencode 2 says that it", () => {
  it.each([
    ["was completed", [answer("2"), idle("succeeded")], {}, "completed", ""],
    ["was completed before opencode 2 took over the session", [answer("2")], {}, "completed", ""],
    [
      "failed, with the provider's reason",
      [
        answer("2", { finish: "error", error: { type: "provider.auth", message: "bad key", status: 401 } }),
        idle("failed"),
      ],
      {},
      "failed",
      "bad key (status 401)",
    ],
    ["failed before its first step", [idle("failed")], {}, "failed", "not stored the reason"],
    ["failed between two steps", [answer("2", { finish: "tool-calls" }), idle("failed")], {}, "failed", "not stored"],
    ["was interrupted", [answer("2", stopped), idle("interrupted")], {}, "aborted", ""],
    ["was interrupted before its first step", [idle("interrupted")], {}, "aborted", ""],
    [
      "was interrupted between two steps",
      [answer("2", { finish: "tool-calls", content: [tool("no such file")] }), idle("interrupted")],
      {},
      "aborted",
      "",
    ],
    [
      "was interrupted while it waited for a retry",
      [answer("2", { time: { created: 2 }, finish: undefined, content: [] }), idle("interrupted")],
      {},
      "aborted",
      "",
    ],
    [
      "was rejected in another client",
      [answer("2", { ...stopped, content: [tool("The user declined this tool call")] })],
      {},
      "rejected",
      "declined",
    ],
    [
      "was rejected from here",
      [answer("2", { ...stopped, content: [tool("Tool execution interrupted")] }), idle("interrupted")],
      { refused: "2" },
      "rejected",
      "shell: The user rejected this tool call",
    ],
    [
      "was cut off by a server that stopped",
      [answer("2", { ...stopped, content: [tool("Tool execution interrupted")] })],
      {},
      "interrupted",
      "killed or restarted",
    ],
    ["was cut off by a crash", [answer("2", { time: { created: 2 }, finish: undefined })], {}, "interrupted", ""],
    [
      "was cut off by a crash before the next prompt, with which opencode completes the answer",
      [answer("2", { finish: undefined }), user("3"), answer("4"), idle("succeeded")],
      {},
      "interrupted",
      "",
    ],
    [
      "was interrupted by opencode after 60 minutes without news",
      [answer("2", stopped), { ...idle("interrupted"), time: { created: 61 * 60_000 } }],
      {},
      "interrupted",
      "60 minutes",
    ],
    [
      "was given up after several restarts",
      [answer("2", { ...stopped, error: { type: "aborted", message: "interrupted repeatedly" } }), idle("failed")],
      {},
      "failed",
      "interrupted repeatedly",
    ],
    [
      "failed because the conversation could not be summarised",
      [
        {
          type: "compaction",
          id: "msg_c",
          time: { created: 2 },
          status: "failed",
          error: { type: "compaction.failed", message: "no summary" },
        },
        idle("failed"),
      ],
      {},
      "failed",
      "no summary",
    ],
  ] as const)("%s", (_name, entries, context, tag, detail) => {
    const outcome = outcomeOf(messagesOf([user("1"), ...entries], context))
    assert.strictEqual(outcome._tag, tag)
    assert.include("detail" in outcome ? outcome.detail : "", detail)
  })

  it("was interrupted if the idle marker is on the next page", () => {
    const messages = messagesOf([user("1"), answer("2", stopped)], { idle: idle("interrupted") })
    assert.strictEqual(outcomeOf(messages)._tag, "aborted")
  })

  it("continued after a rejection with a reason, which the tool call shows", () => {
    const failed = answer("2", { finish: "tool-calls", content: [tool("Unable to execute command: ls")] })
    const reason = user("reason", { text: "use find", metadata: reasonMark("call_1") })
    const messages = messagesOf([user("1"), failed, reason, answer("3"), idle("succeeded")])
    assert.deepStrictEqual(parents(messages), [msg("1"), msg("1"), msg("1")])
    assert.strictEqual(outcomeOf(messages)._tag, "completed")
    const call = messages[1]?.parts.find(({ type }) => type === "tool")
    assert.deepInclude(call?.type === "tool" ? call.state : {}, {
      error: "Unable to execute command: ls (the user rejected it: use find)",
    })
    assert.strictEqual(infoOf(messages).finish, "stop")
  })
})
