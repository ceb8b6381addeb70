import { assert, describe, it } from "@effect/vitest"
import { readLine } from "../../../src/mcp/wire/readMessage.ts"
import { writeMessage } from "../../../src/mcp/wire/requestIds.ts"

const read = (text: string) => readLine(Buffer.from(text))

/** The message for the SDK that a line is read as, as its JSON. */
const message = (text: string) => {
  const reading = read(text)
  return reading?._tag === "Message" ? reading.message : undefined
}

const refusal = (bytes: string | Uint8Array) => {
  const reading = readLine(Buffer.from(bytes))
  return reading?._tag === "Refused" ? [reading.refusal.error.code, reading.refusal.id] : reading?._tag
}

const ping = { jsonrpc: "2.0", id: 1, method: "ping" }
const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "x" } }
const withParams = (method: string, params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }

describe("Reading a message", () => {
  it.each([
    ["a byte order mark", `\uFEFF${JSON.stringify(ping)}`, ping],
    ["a carriage return", `${JSON.stringify(ping)}\r`, ping],
    ["params: null", withParams("ping", null), ping],
    ["params: []", withParams("ping", []), { ...ping, params: {} }],
    ["_meta: null", withParams("tools/call", { name: "x", _meta: null }), call],
    ["arguments: null", withParams("tools/call", { name: "x", arguments: null }), call],
    [
      "arguments: []",
      withParams("tools/call", { name: "x", arguments: [] }),
      { ...call, params: { name: "x", arguments: {} } },
    ],
    [
      "arguments as JSON text",
      withParams("tools/call", { name: "x", arguments: '{"a":[1]}' }),
      { ...call, params: { name: "x", arguments: { a: [1] } } },
    ],
    [
      "null in a tool's arguments, which is the tool's own",
      withParams("tools/call", { name: "x", arguments: { a: null, b: { c: null } } }),
      { ...call, params: { name: "x", arguments: { a: null, b: { c: null } } } },
    ],
    [
      "progressToken: null",
      withParams("tools/call", { name: "x", _meta: { progressToken: null } }),
      { ...call, params: { name: "x", _meta: {} } },
    ],
    ["cursor: null", withParams("tools/list", { cursor: null }), { ...ping, method: "tools/list", params: {} }],
    [
      "capabilities with null",
      withParams("initialize", {
        protocolVersion: "2025-06-18",
        capabilities: { roots: null, elicitation: { form: null } },
        clientInfo: { name: "x", version: "1", title: null },
      }),
      {
        ...ping,
        method: "initialize",
        params: {
          protocolVersion: "2025-06-18",
          capabilities: { elicitation: {} },
          clientInfo: { name: "x", version: "1" },
        },
      },
    ],
    ["all members of a message", JSON.stringify({ ...ping, params: null, result: null, error: null }), ping],
    ["an unknown member", JSON.stringify({ ...ping, version: 3 }), ping],
    ["a notification with id: null", JSON.stringify({ ...cancelled, id: null }), cancelled],
    ["a text as id", JSON.stringify({ ...ping, id: "a" }), { ...ping, id: "a" }],
    [
      "a response with error: null",
      '{"jsonrpc":"2.0","id":1,"result":{},"error":null}',
      { jsonrpc: "2.0", id: 1, result: {} },
    ],
  ])("takes %s", (_, text, expected) => {
    assert.deepStrictEqual<unknown>(message(text), expected)
  })

  it.each(["1.5", "12345678901234567890", "-0.25", "1e400"])("keeps the id %s as the client wrote it", (id) => {
    const request = message(`{"params":{"name":"x","id":7},"jsonrpc":"2.0","method":"tools/call","id":${id}}`)
    const sdkId = request !== undefined && "id" in request ? request.id : undefined
    assert.isString(sdkId)
    assert.include(writeMessage({ jsonrpc: "2.0", id: sdkId ?? "", result: {} }), `"id":${id},`)
    const cancel = message(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`)
    assert.deepStrictEqual<unknown>(cancel, { ...cancelled, params: { requestId: sdkId } })
  })

  it.each([
    ["params that are no object", withParams("ping", "x"), -32_602, 1],
    ["params in a list", withParams("ping", [1]), -32_602, 1],
    ["_meta that is no object", withParams("ping", { _meta: 5 }), -32_602, 1],
    ["arguments that are no object", withParams("tools/call", { name: "x", arguments: [1] }), -32_602, 1],
    ["a call without a name", withParams("tools/call", {}), -32_602, 1],
    ["initialize without params", withParams("initialize", undefined), -32_602, 1],
    ["a cursor that is no text", withParams("tools/list", { cursor: 5 }), -32_602, 1],
    ["another version of JSON-RPC", JSON.stringify({ ...ping, jsonrpc: "1.0" }), -32_600, 1],
    ["no version of JSON-RPC", JSON.stringify({ id: "a", method: "ping" }), -32_600, "a"],
    ["a method that is no text", JSON.stringify({ ...ping, method: 5 }), -32_600, 1],
    ["an id alone", JSON.stringify({ jsonrpc: "2.0", id: 1 }), -32_600, 1],
    ["a request with id: null", JSON.stringify({ ...ping, id: null }), -32_600, null],
    ["a request with an object as id", JSON.stringify({ ...ping, id: {} }), -32_600, null],
    ["no object", '"text"', -32_600, null],
    ["null", "null", -32_600, null],
    ["an empty batch", "[]", -32_600, null],
    ["no JSON", "{", -32_700, null],
    ["an unended string", '{"jsonrpc":"2.0","id":1,"method":"ping', -32_700, null],
    ["a zero byte", "\0", -32_700, null],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22]), -32_700, null],
  ] as const)("refuses %s with an error", (_, text, code, id) => {
    assert.deepStrictEqual<unknown>(refusal(text), [code, id])
  })

  it("quotes little of a message that it refuses", () => {
    const reading = read(withParams("x".repeat(10_000), "y".repeat(10_000)))
    assert.isBelow(JSON.stringify(reading).length, 600)
  })

  it("turns a malformed response into an error, which ends the wait for it", () => {
    for (const rest of ['"result":null', '"result":"text"', '"error":"text"', '"result":{},"jsonrpc":"1.0"']) {
      assert.nestedPropertyVal(message(`{"jsonrpc":"2.0","id":1,${rest}}`), "error.code", -32_603)
    }
  })

  it.each([
    ["a blank line", "  \r", undefined],
    ["a request without an id", '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}', "Ignored"],
    ["a malformed notification", '{"jsonrpc":"2.0","method":"notifications/cancelled","params":"x"}', "Ignored"],
    ["a response without an id", '{"jsonrpc":"2.0","result":{}}', "Ignored"],
  ])("ignores %s", (_, text, tag) => {
    assert.strictEqual(read(text)?._tag, tag)
  })
})
