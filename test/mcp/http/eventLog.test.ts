/** What is kept for clients whose stream breaks. */
import { assert, describe, it } from "@effect/vitest"
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server"
import { Effect } from "effect"
import { makeEventLog } from "../../../src/mcp/http/eventLog.ts"

const callless = { currentCall: () => undefined, lostAnswer: () => undefined }

const progress = (step: number): JSONRPCMessage => ({ jsonrpc: "2.0", method: "progress", params: { step } })
const answer: JSONRPCMessage = { jsonrpc: "2.0", id: 1, result: {} }

const store = (store: EventStore, stream: string, message: JSONRPCMessage) =>
  Effect.promise(() => store.storeEvent(stream, message))

const replayed = (store: EventStore, lastId: string) =>
  Effect.promise(async () => {
    const messages: Array<JSONRPCMessage> = []
    const stream = await store.replayEventsAfter(lastId, { send: async (_id, message) => void messages.push(message) })
    return { stream, messages }
  })

describe("The event log", () => {
  it.effect("replays what a stream has sent after the last message that arrived", () =>
    Effect.gen(function* () {
      const one = makeEventLog({ ...callless, maxBytes: 1_000_000, maxAgeMs: 1000, now: () => 0 }).openStore().store
      const first = yield* store(one, "a_b", progress(1))
      yield* store(one, "other", progress(2))
      yield* store(one, "a_b", progress(3))
      const last = yield* store(one, "a_b", answer)
      assert.deepStrictEqual(yield* replayed(one, first), { stream: "a_b", messages: [progress(3), answer] })
      assert.deepStrictEqual(yield* replayed(one, last), { stream: "a_b", messages: [] })
    }),
  )

  it.effect("knows only the streams of its own session", () =>
    Effect.gen(function* () {
      const log = makeEventLog({ ...callless, maxBytes: 1_000_000, maxAgeMs: 1000, now: () => 0 })
      const id = yield* store(log.openStore().store, "a", progress(1))
      assert.isFalse(log.openStore().knows(id))
    }),
  )

  it.effect("forgets old messages, and streams that are answered; a stream that runs can be resumed", () =>
    Effect.gen(function* () {
      let now = 0
      const log = makeEventLog({ ...callless, maxBytes: 1_000_000, maxAgeMs: 1000, now: () => now })
      const { knows, store: one } = log.openStore()
      const running = yield* store(one, "running", progress(1))
      const ended = yield* store(one, "ended", answer)
      now = 2000
      log.expire()
      assert.strictEqual(log.bytes(), 0)
      assert.isFalse(knows(ended))
      assert.isTrue(knows(running))
      yield* store(one, "running", answer)
      assert.deepStrictEqual((yield* replayed(one, running)).messages, [answer])
    }),
  )

  it.effect("is bounded by bytes: the oldest goes first, of whichever session", () =>
    Effect.gen(function* () {
      const log = makeEventLog({ ...callless, maxBytes: 100_000, maxAgeMs: 1000, now: () => 0 })
      const one = log.openStore()
      const stores = [one, log.openStore()]
      const first = yield* store(one.store, "a", progress(0))
      for (let step = 1; step <= 1000; step++) {
        for (const { store: each } of stores) yield* store(each, "a", progress(step))
      }
      assert.isAtMost(log.bytes(), 100_000)
      const { messages } = yield* replayed(one.store, first)
      assert.isAbove(messages.length, 10)
      assert.deepStrictEqual(messages.at(-1), progress(1000))
      for (const { clear } of stores) clear()
      assert.strictEqual(log.bytes(), 0)
    }),
  )
})
