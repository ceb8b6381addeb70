/** What opencode 1 sends, in the words of the domain, and back. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { translateEvent } from "../../../src/opencode/v1/translateEvent.ts"
import { WireFrame } from "../../../src/opencode/v1/wire/WireEvent.ts"
import { WireMessage } from "../../../src/opencode/v1/wire/WireMessage.ts"
import { WirePermissionRequest } from "../../../src/opencode/v1/wire/WireRequest.ts"
import { WireSession } from "../../../src/opencode/v1/wire/WireSession.ts"
import { msg } from "../../../src/testing/samples.ts"
import { joinModel, splitModel } from "../../../src/opencode/v1/wire/model.ts"

const session = { id: "ses_1", title: "Title", directory: "/work", time: { created: 1, updated: 2 } }

const answer = { id: "msg_2", sessionID: "ses_1", role: "assistant", parentID: "msg_1", time: { created: 1 } }

const message = (info: object, ...parts: ReadonlyArray<object>) =>
  Schema.decodeUnknownSync(WireMessage)({ info: { ...answer, ...info }, parts })

const failure = (error: object) => {
  const { info } = message({ error })
  return info.role === "assistant" ? info.error : undefined
}

const part = { id: "prt_1", messageID: "msg_2" }

const event = (type: string, properties: object) =>
  translateEvent(Schema.decodeSync(WireFrame)({ directory: "/work", payload: { type, properties } }).payload)

describe("opencode 1's wire format", () => {
  it("names the first message that was undone", () => {
    const wire = { ...session, revert: { messageID: "msg_9", snapshot: "tree" } }
    const decoded = Schema.decodeSync(WireSession)(wire)
    assert.deepStrictEqual(
      decoded,
      Schema.decodeUnknownSync(Schema.toType(WireSession))({ ...session, undoneFrom: "msg_9" }),
    )
    assert.deepStrictEqual(Schema.encodeSync(WireSession)(decoded), { ...session, revert: { messageID: "msg_9" } })
  })

  it.each([
    [
      { name: "MessageAbortedError", data: { message: "Aborted" } },
      { kind: "aborted", message: "Aborted" },
    ],
    [
      { name: "APIError", data: { message: "bad key", statusCode: 401, responseBody: "private" } },
      { kind: "failed", message: "bad key", status: 401 },
    ],
    [{ name: "ContextOverflowError" }, { kind: "failed", message: "ContextOverflowError" }],
  ])("the error %j is %j", (wire, expected) => {
    assert.deepStrictEqual(failure(wire), expected)
  })

  it("joins the two ids of a model, and splits them at the first slash", () => {
    const { info } = message({ providerID: "acme", modelID: "maker/big" })
    assert.strictEqual(info.role === "assistant" ? info.model : undefined, "acme/maker/big")
    assert.deepStrictEqual(splitModel("acme/maker/big"), { providerID: "acme", modelID: "maker/big" })
    assert.strictEqual(joinModel(splitModel("acme/maker/big")), "acme/maker/big")
    assert.isUndefined((message({ providerID: "acme" }).info as { model?: string }).model)
  })

  it.each([
    [{ snapshot: "4b825dc" }, true],
    [{ snapshot: "" }, false],
    [{}, false],
  ])("the start of a step with %j has a snapshot: %s", (given, snapshot) => {
    const { parts } = message({}, { ...part, type: "step-start", ...given })
    assert.deepStrictEqual(parts, [{ ...part, messageID: msg("2"), type: "step", snapshot }])
  })

  it("keeps a permission's metadata as text, without the lists that repeat the rest", () => {
    const wire = { id: "per_1", sessionID: "ses_1", permission: "edit", patterns: ["a.ts"] }
    const metadata = { filepath: "/work/a.ts", diff: "-a\n+b", files: [{ file: "a.ts" }], count: 1 }
    const { details } = Schema.decodeSync(WirePermissionRequest)({ ...wire, metadata })
    assert.deepStrictEqual(details, { filepath: "/work/a.ts", diff: "-a\n+b", count: "1" })
    const loop = { ...wire, permission: "doom_loop", patterns: ["bash"] }
    const again = Schema.decodeSync(WirePermissionRequest)({
      ...loop,
      metadata: { tool: "bash", input: { command: "ls" } },
    })
    assert.deepStrictEqual(again.details, { tool: "bash", input: '{"command":"ls"}' })
  })
})

describe("An event of opencode 1", () => {
  const permission = { id: "per_1", sessionID: "ses_1", permission: "bash", patterns: ["ls"] }
  const question = { id: "que_1", sessionID: "ses_1", questions: [] }

  it.each([
    ["server.connected", {}, { _tag: "Connected" }],
    ["server.instance.disposed", {}, { _tag: "StateDropped" }],
    ["session.deleted", { info: session }, { _tag: "SessionDeleted", sessionID: "ses_1" }],
    [
      "session.created",
      { info: { ...session, parentID: "ses_0" } },
      { _tag: "SubagentStarted", sessionID: "ses_1", parentID: "ses_0" },
    ],
    [
      "session.status",
      { sessionID: "ses_1", status: { type: "retry", attempt: 2, message: "overloaded", next: 9, action: {} } },
      {
        _tag: "StatusChanged",
        sessionID: "ses_1",
        status: { type: "retry", attempt: 2, message: "overloaded", next: 9 },
      },
    ],
    ["session.idle", { sessionID: "ses_1" }, { _tag: "StatusChanged", sessionID: "ses_1", status: { type: "idle" } }],
    [
      "session.error",
      { sessionID: "ses_1", error: { name: "UnknownError", data: { message: "no" } } },
      { _tag: "SessionFailed", sessionID: "ses_1", failure: { kind: "failed", message: "no" } },
    ],
    ["message.updated", { info: answer }, { _tag: "MessageChanged", info: answer }],
    [
      "message.part.updated",
      { part: { ...part, type: "text", text: "Hi" } },
      { _tag: "PartChanged", part: { ...part, type: "text", text: "Hi" } },
    ],
    [
      "message.part.delta",
      { messageID: "msg_2", partID: "prt_1", field: "text", delta: "Hi" },
      { _tag: "TextDelta", messageID: "msg_2", partID: "prt_1", delta: "Hi" },
    ],
    ["permission.asked", permission, { _tag: "RequestOpened", pending: { kind: "permission", request: permission } }],
    ["question.asked", question, { _tag: "RequestOpened", pending: { kind: "question", request: question } }],
    ...["permission.replied", "question.replied", "question.rejected"].map(
      (type) =>
        [
          type,
          { sessionID: "ses_1", requestID: type.startsWith("p") ? "per_1" : "que_1" },
          { _tag: "RequestSettled", sessionID: "ses_1", requestID: type.startsWith("p") ? "per_1" : "que_1" },
        ] as const,
    ),
  ] as const)("%s %j is %j", (type, properties, expected) => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(event(type, properties))), expected)
  })

  it.each([
    ["server.heartbeat", {}],
    ["session.updated", { info: session }],
    ["session.error", { error: { name: "UnknownError" } }],
    ["session.error", { sessionID: "ses_1" }],
    ["message.part.updated", { part: { ...part, type: "hologram" } }],
    ["message.part.delta", { messageID: "msg_2", partID: "prt_1", field: "metadata", delta: "x" }],
    ["session.idle", { sessionID: 7 }],
    ["something.new", { x: 1 }],
  ])("%s %j only shows that the connection works", (type, properties) => {
    assert.deepStrictEqual(event(type, properties), { _tag: "Heartbeat" })
  })

  it.each([[7], ["text"], [null], [{ payload: 1 }], [{}]])("cannot break the stream: %j", (frame) => {
    assert.deepStrictEqual(translateEvent(Schema.decodeSync(WireFrame)(frame).payload), { _tag: "Heartbeat" })
  })
})
