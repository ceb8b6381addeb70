import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Channel, ChannelFailed } from "../../src/notify/Channel.ts"
import { makeDeliver } from "../../src/notify/deliver.ts"
import type { Message } from "../../src/notify/Message.ts"
import type { Told } from "../../src/notify/Told.ts"
import { pass } from "../support/overFake.ts"

const message = (id: string): Message => ({
  id,
  event: "done",
  at: "2026-11-29T05:00:00.000Z",
  instance: "api",
  title: `api is done: ${id}`,
  text: "All tests pass.",
  command: "opencode-fleet read api ses_1",
})

const remembering = (): Told & { readonly ids: Array<string> } => {
  const ids: Array<string> = []
  return {
    ids,
    has: (id) => ids.includes(id),
    add: (id) => Effect.sync(() => void ids.push(id)),
    remove: (id) => Effect.sync(() => void ids.splice(ids.indexOf(id), 1)),
  }
}

/** A channel that fails, hangs or succeeds, in turn; then it succeeds. */
const channelOf = (...behaviour: ReadonlyArray<"fails" | "refuses" | "hangs" | "dies">) => {
  const attempts: Array<string> = []
  const delivered: Array<string> = []
  const told = remembering()
  const channel: Channel = {
    name: "test",
    id: "test",
    deliver: ({ id }) =>
      Effect.suspend(() => {
        const now = behaviour[attempts.push(id) - 1]
        if (now === "dies") return Effect.die(new Error("a bug"))
        if (now === "hangs") return Effect.never
        if (now !== undefined) return Effect.fail(new ChannelFailed({ reason: now, isFinal: now === "refuses" }))
        delivered.push(id)
        return Effect.void
      }),
  }
  return { attempts, delivered, told, channel }
}

describe("A delivery", () => {
  it.effect("reaches every channel, whatever happens at another one", () =>
    Effect.gen(function* () {
      const channels = [channelOf(), channelOf("hangs"), channelOf("fails", "fails"), channelOf("dies"), channelOf()]
      const deliver = yield* makeDeliver(channels)
      yield* deliver(message("one"))
      yield* pass(100)
      assert.deepStrictEqual(
        channels.map(({ delivered }) => delivered.length),
        [1, 0, 0, 0, 1],
      )
      yield* deliver(message("two"))
      yield* pass(120_000, 200)
      assert.deepStrictEqual(
        channels.map(({ delivered }) => delivered.toSorted()),
        [["one", "two"], ["one", "two"], ["one", "two"], ["two"], ["one", "two"]],
      )
    }),
  )

  it.effect("that fails is tried again at most ten times, and one that is refused is not", () =>
    Effect.gen(function* () {
      const failing = channelOf(...Array.from({ length: 20 }, () => "fails" as const))
      const refusing = channelOf("refuses")
      const deliver = yield* makeDeliver([failing, refusing])
      yield* deliver(message("one"))
      yield* pass(1_200_000, 1000)
      assert.strictEqual(failing.attempts.length, 10)
      assert.strictEqual(refusing.attempts.length, 1)
      // A restart tells it again.
      assert.deepStrictEqual([failing.told.ids, refusing.told.ids], [[], []])
    }),
  )

  it.effect("is not tried again if its message was settled meanwhile", () =>
    Effect.gen(function* () {
      let waits = true
      const failing = channelOf("fails", "fails")
      const deliver = yield* makeDeliver([failing])
      yield* deliver(
        message("one"),
        Effect.sync(() => waits),
      )
      yield* pass(2500)
      assert.lengthOf(failing.attempts, 2)
      waits = false
      yield* pass(1_200_000, 1000)
      assert.deepStrictEqual([failing.attempts.length, failing.delivered], [2, []])
    }),
  )

  it.effect("that waited behind others is not begun if its message was settled meanwhile", () =>
    Effect.gen(function* () {
      const slow = channelOf("hangs", "hangs", "hangs", "hangs")
      const deliver = yield* makeDeliver([slow])
      for (const id of ["one", "two", "three", "four"]) yield* deliver(message(id))
      yield* deliver(message("settled"), Effect.succeed(false))
      yield* deliver(message("still waiting"))
      yield* pass(300_000, 1000)
      assert.notInclude(slow.attempts, "settled")
      assert.include(slow.delivered, "still waiting")
    }),
  )

  it.effect("is not repeated: neither after a success nor if the program was ended during it", () =>
    Effect.gen(function* () {
      const one = channelOf()
      const hanging = channelOf("hangs")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const deliver = yield* makeDeliver([one, hanging])
          yield* deliver(message("one"))
          yield* pass(100)
        }),
      )
      const deliver = yield* makeDeliver([one, hanging])
      yield* deliver(message("one"))
      yield* pass(1000)
      assert.deepStrictEqual([one.attempts, hanging.attempts], [["one"], ["one"]])
    }),
  )
})
