import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { eventFrames } from "../../../src/opencode/v2/eventFrames.ts"

const framesOf = (...chunks: ReadonlyArray<string>) =>
  Effect.map(Stream.runCollect(eventFrames(Stream.encodeText(Stream.fromIterable(chunks)))), (frames) => [...frames])

describe("the event stream of opencode 2", () => {
  it.effect("shows a sign of life for a comment, which is opencode's heartbeat", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* framesOf(": heartbeat\n\n"), [{}])
    }),
  )

  it.effect("reads events that arrive together, in pieces, and with broken JSON", () =>
    Effect.gen(function* () {
      const frames = yield* framesOf('data: {"a":1}\n\ndata: {"b":2}\n\nda', 'ta: {"c"', ":3}\n\n", "data: {broken\n\n")
      assert.deepStrictEqual(
        frames.filter((frame) => Object.keys(frame as object).length > 0),
        [{ a: 1 }, { b: 2 }, { c: 3 }],
      )
    }),
  )
})
