/** Single events of opencode 2, and what a connection that begins in the middle of a turn makes of them. */
import { assert, describe, it } from "@effect/vitest"
import type { TurnEvent } from "../../../src/opencode/events/TurnEvent.ts"
import { SessionId } from "../../../src/opencode/Identifiers.ts"
import { makeRefusedSteps, reasonMark } from "../../../src/opencode/v2/refusals.ts"
import { makeTranslator } from "../../../src/opencode/v2/translateEvents.ts"
import { msg } from "../../../src/testing/samples.ts"

const frame = (type: string, data: object, seq?: number) => ({
  type,
  created: 5,
  data: { sessionID: "ses_1", ...data },
  ...(seq === undefined ? {} : { durable: { aggregateID: "ses_1", seq } }),
})

const step = { assistantMessageID: "msg_2", agent: "build", model: { providerID: "acme", id: "big" } }

const prompted = [
  frame("session.inbox.enqueued", { inboxID: "msg_1", item: { type: "user", payload: { text: "hello" } } }),
  frame("session.inbox.delivered", { inboxID: "msg_1" }),
  frame("session.step.started", step),
]

const toolCall = [
  frame("session.tool.input.started", { assistantMessageID: "msg_2", id: "call_1", name: "shell" }),
  frame("session.tool.called", { assistantMessageID: "msg_2", id: "call_1", input: { command: "ls -l" } }),
]

const failedTool = (type: string, message: string) =>
  frame("session.tool.failed", { assistantMessageID: "msg_2", id: "call_1", error: { type, message } })

/** The events of the last frame. */
const last = (frames: ReadonlyArray<unknown>, refused = makeRefusedSteps()): Array<TurnEvent> => {
  const translate = makeTranslator(refused)
  return [...(frames.map((each) => translate(each, "/work")).at(-1) ?? [])]
}

const sessionID = SessionId.make("ses_1")
const stale: TurnEvent = { _tag: "SessionStale", sessionID }
const heartbeat: TurnEvent = { _tag: "Heartbeat" }

/** Ids without their brands. */
const plain = (events: Array<TurnEvent>): unknown => JSON.parse(JSON.stringify(events))

const started = (seq: number) => frame("session.execution.started", {}, seq)

/** The answers that the events tell of. */
const endOf = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) => (event._tag === "MessageChanged" && event.info.role === "assistant" ? event.info : []))

describe("An event of opencode 2", () => {
  it.each([[7], ["text"], [null], [{}], [{ type: "something.new" }], [{ type: "session.step.started", data: 1 }]])(
    "cannot break the stream: %j",
    (raw) => {
      assert.deepStrictEqual(last([raw]), [heartbeat])
    },
  )

  it.each([
    ["server.connected", {}, { _tag: "Connected" }],
    ["session.created", {}, heartbeat],
    ["session.created", { parentID: "ses_0" }, { _tag: "SubagentStarted", sessionID: "ses_1", parentID: "ses_0" }],
    [
      "session.tool.progress",
      { assistantMessageID: "msg_2", id: "call_1", metadata: { sessionID: "ses_2" } },
      { _tag: "SubagentStarted", sessionID: "ses_2", parentID: "ses_1" },
    ],
    ["session.execution.started", {}, { _tag: "StatusChanged", sessionID: "ses_1", status: { type: "busy" } }],
    ["session.execution.succeeded", {}, { _tag: "StatusChanged", sessionID: "ses_1", status: { type: "idle" } }],
    ["permission.replied", { requestID: "per_1" }, { _tag: "RequestSettled", sessionID: "ses_1", requestID: "per_1" }],
    ["form.cancelled", { id: "frm_1" }, { _tag: "RequestSettled", sessionID: "ses_1", requestID: "frm_1" }],
    ["location.shutdown", {}, heartbeat],
  ] as const)("%s %j is %j", (type, data, expected) => {
    assert.deepStrictEqual(plain(last([frame(type, data)])), [expected])
  })

  it("with a gap before it makes the session stale", () => {
    assert.deepInclude(last([started(3), started(5)]), stale)
    assert.notDeepInclude(last([started(3), started(4)]), stale)
  })
})

describe("A connection to opencode 2 that begins in the middle of a turn", () => {
  it("does not guess the prompt of a step", () => {
    assert.deepStrictEqual(last([frame("session.step.started", step)]), [stale])
  })

  it("does not guess what was delivered", () => {
    const delivered = frame("session.inbox.delivered", { inboxID: "msg_9" })
    assert.deepStrictEqual(last([...prompted, delivered]), [stale])
    assert.deepStrictEqual(last([...prompted, delivered, frame("session.step.started", step)]), [stale])
  })

  it("has what is stored read when a step ends whose beginning it missed", () => {
    const ended = frame("session.step.ended", { assistantMessageID: "msg_2", finish: "stop" })
    assert.deepStrictEqual(last([ended]), [stale])
    assert.deepStrictEqual(last([toolCall[1]]), [stale])
  })
})

describe("A text of opencode itself", () => {
  const told = frame("session.inbox.enqueued", {
    inboxID: "msg_s",
    item: { type: "synthetic", payload: { text: "the background work has ended" } },
  })
  const delivered = frame("session.inbox.delivered", { inboxID: "msg_s" })
  const next = frame("session.step.started", { ...step, assistantMessageID: "msg_4" })

  it("starts a turn in an idle session", () => {
    const idle = [...prompted, frame("session.execution.succeeded", {}), told, frame("session.execution.started", {})]
    assert.deepInclude(plain(last([...idle, delivered])), {
      _tag: "MessageChanged",
      info: { id: "msg_s", sessionID: "ses_1", role: "user", time: { created: 5 } },
    })
    assert.strictEqual(endOf(last([...idle, delivered, next]))[0]?.parentID, msg("s"))
  })

  it("belongs to a running turn", () => {
    assert.strictEqual(endOf(last([...prompted, told, delivered, next]))[0]?.parentID, msg("1"))
  })
})

describe("A refusal in opencode 2", () => {
  const stepFailed = frame("session.step.failed", {
    assistantMessageID: "msg_2",
    error: { type: "aborted", message: "Step interrupted" },
  })
  const interrupted = (reason: string) => frame("session.execution.interrupted", { reason })
  const asked = frame("permission.asked", {
    id: "per_1",
    action: "shell",
    resources: ["ls -l"],
    source: { type: "tool", messageID: "msg_2", id: "call_1" },
  })

  it("from here ends the step like a rejection, although the turn was interrupted", () => {
    const refused = makeRefusedSteps()
    refused.add(msg("2"))
    const frames = [...prompted, ...toolCall, asked, failedTool("aborted", "Tool execution interrupted"), stepFailed]
    const events = last([...frames, interrupted("user")], refused)
    assert.deepInclude(endOf(events)[0], { finish: "tool-calls", time: { created: 5, completed: 5 } })
    assert.isUndefined(events.find(({ _tag }) => _tag === "SessionFailed"))
    assert.deepInclude(events, { _tag: "RequestSettled", sessionID, requestID: "per_1" })
  })

  it("from another process is not told from an interruption by events, so the stored state decides", () => {
    const frames = [...prompted, ...toolCall, asked, failedTool("aborted", "Tool execution interrupted"), stepFailed]
    const events = last([...frames, interrupted("user")])
    assert.deepStrictEqual([endOf(events), events.at(-1)?._tag], [[], "StatusChanged"])
    assert.isUndefined(events.find(({ _tag }) => _tag === "SessionFailed"))
  })

  it("differs from an interruption of a step that asked nobody", () => {
    const frames = [...prompted, ...toolCall, failedTool("aborted", "Tool execution interrupted"), stepFailed]
    assert.deepInclude(endOf(last([...frames, interrupted("user")]))[0]?.error, { kind: "aborted" })
  })

  it("differs from a server that stops", () => {
    const frames = [...prompted, ...toolCall, failedTool("aborted", "Tool execution interrupted"), stepFailed]
    assert.deepStrictEqual(last([...frames, interrupted("shutdown")]), [
      { _tag: "StatusChanged", sessionID, status: { type: "idle" } },
    ])
  })

  it("with a reason: the turn continues with the same prompt, and the tool call shows the reason", () => {
    const reason = frame("session.inbox.enqueued", {
      inboxID: "msg_3",
      item: { type: "user", payload: { text: "use find", metadata: reasonMark("call_1") } },
    })
    const frames = [...prompted, ...toolCall, reason, failedTool("tool.execution", "Unable to execute command: ls -l")]
    const delivered = frame("session.inbox.delivered", { inboxID: "msg_3" })
    const [changed] = last([...frames, delivered])
    assert.strictEqual(
      changed?._tag === "PartChanged" && changed.part.type === "tool" && changed.part.state.status === "error"
        ? changed.part.state.error
        : "",
      "Unable to execute command: ls -l (the user rejected it: use find)",
    )
    const next = frame("session.step.started", { ...step, assistantMessageID: "msg_4" })
    assert.strictEqual(endOf(last([...frames, delivered, next]))[0]?.parentID, msg("1"))
  })
})
