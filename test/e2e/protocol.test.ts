/** The protocol in raw lines: its versions, and messages that a client should not send. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { startRaw } from "../support/RawServer.ts"
import { meta2026 } from "../support/meta2026.ts"

const started = Effect.gen(function* () {
  const raw = yield* startRaw(yield* makeRelay())
  yield* raw.initialize()
  return raw
})

const callText = (name: string, parameters: object) =>
  Effect.gen(function* () {
    const raw = yield* started
    const { result } = yield* raw.request("tools/call", { name, arguments: parameters })
    assert.isTrue(result?.["isError"])
    assert.notProperty(result, "structuredContent")
    return JSON.stringify(result)
  })

layer(NodeServices.layer, { excludeTestServices: true })("the protocol", (it) => {
  it.effect.each(["2025-11-25", "2025-06-18", "2024-11-05"])("of %s is spoken to who asks for it", (version) =>
    Effect.gen(function* () {
      const raw = yield* startRaw(yield* makeRelay())
      const { result } = yield* raw.initialize(version)
      assert.strictEqual(result?.["protocolVersion"], version)
      assert.deepStrictEqual(result?.["capabilities"], { tools: { listChanged: true } })
      assert.deepInclude(result?.["serverInfo"], { name: "opencode-fleet" })
      assert.isNotEmpty(result?.["instructions"])
    }),
  )

  it.effect("of 2026-07-28 is used with a client that discovers it", () =>
    Effect.gen(function* () {
      const raw = yield* startRaw(yield* makeRelay())
      const { result } = yield* raw.request("server/discover", {
        _meta: meta2026(),
      })
      assert.include(JSON.stringify(result), "2026-07-28")
    }),
  )

  it.effect("offers no prompts and no resources", () =>
    Effect.gen(function* () {
      const raw = yield* started
      for (const method of ["prompts/list", "resources/list", "resources/templates/list"]) {
        assert.strictEqual((yield* raw.request(method)).error?.code, -32_601)
      }
    }),
  )

  it.effect("survives lines that are no messages", () =>
    Effect.gen(function* () {
      const raw = yield* started
      for (const line of ["{", "", "null", "[]", '{"jsonrpc":"1.0","id":7,"method":"ping"}', "\0", '"text"']) {
        yield* raw.write(line)
      }
      assert.deepStrictEqual((yield* raw.request("ping")).result, {})
    }),
  )

  it.effect("refuses an unknown tool", () =>
    Effect.gen(function* () {
      const raw = yield* started
      const { error } = yield* raw.request("tools/call", { name: "nope", arguments: {} })
      assert.include(error?.message, "nope")
      const { error: unavailable } = yield* raw.request("tools/call", { name: "start_instance", arguments: {} })
      assert.include(unavailable?.message, "SSH_HOSTS of opencode-fleet is not set")
      assert.deepStrictEqual((yield* raw.request("ping")).result, {})
    }),
  )

  it.effect("lists the parameters, and which are required, if one is misspelt", () =>
    Effect.gen(function* () {
      const text = yield* callText("get_session", { sesion_id: "latest" })
      for (const part of ["sesion_id", "session_id", "instance", "message_limit", "before", "required"]) {
        assert.include(text, part)
      }
    }),
  )

  it.effect.each([
    ["get_session", { session_id: "latest", message_limit: "few" }, "It takes a whole number"],
    ["get_session", { session_id: 7 }, "session_id"],
    ["send_message", { session_id: "latest", message: "" }, "message"],
    ["send_message", { session_id: "latest", mesage: "hi" }, "Did you mean message?"],
  ] as const)("names what cannot be used in a call of %s with %j", ([name, parameters, part]) =>
    Effect.gen(function* () {
      assert.include(yield* callText(name, parameters), part)
    }),
  )
})
