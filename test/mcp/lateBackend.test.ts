/** What happens at a connection before its backend is loaded. */
import { assert, describe, it } from "@effect/vitest"
import { McpServer, type ServerContext } from "@modelcontextprotocol/server"
import { Effect } from "effect"
import type { Backend } from "../../src/mcp/toolServers.ts"
import { makeLateBackend } from "../../src/mcp/lateBackend.ts"
import { runAsPromise } from "../../src/mcp/runAsPromise.ts"

const server = new McpServer({ name: "late", version: "1" })

const request = (name: string) => ({
  name,
  args: {},
  // The backend of this test does not read it.
  context: {} as ServerContext,
  connection: { era: "legacy", server } as const,
})

const recorder = () => {
  const events: Array<string> = []
  const backend: Backend = {
    call: ({ name }) => {
      events.push(`call ${name}`)
      return Promise.resolve({ content: [{ type: "text", text: name }] })
    },
    initialized: () => void events.push("initialized"),
    unusable: (reason) => void events.push(reason),
    failed: ({ message }) => void events.push(message),
    end: () => void events.push("end"),
  }
  return { backend, events }
}

describe("A backend that is loaded later", () => {
  it.effect("receives everything in order, and answers the calls that waited", () =>
    Effect.gen(function* () {
      const wanted: Array<string> = []
      const late = makeLateBackend({
        onCall: () => void wanted.push("call"),
        onInitialized: () => void wanted.push("initialized"),
      })
      late.backend.initialized(server)
      const first = late.backend.call(request("first"))
      late.backend.unusable("Ignored a message")
      late.backend.failed(new Error("closed"))
      const second = late.backend.call(request("second"))
      assert.deepStrictEqual(wanted, ["initialized", "call", "call"])
      const { backend, events } = recorder()
      late.attach(backend)
      assert.deepStrictEqual(yield* Effect.promise(() => second), { content: [{ type: "text", text: "second" }] })
      assert.deepStrictEqual(yield* Effect.promise(() => first), { content: [{ type: "text", text: "first" }] })
      assert.deepStrictEqual(events, ["initialized", "call first", "Ignored a message", "closed", "call second"])
    }),
  )

  it.effect("does not even begin a call that was cancelled while it waited", () =>
    Effect.gen(function* () {
      let started = false
      const work = Effect.sync(() => void (started = true))
      const call = Effect.tryPromise(() => runAsPromise(Effect.runFork, AbortSignal.abort(), work))
      yield* Effect.flip(call)
      assert.isFalse(started)
    }),
  )
})
