import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { eventFrames } from "../../../src/opencode/http/eventStream.ts"
import { turnsDuring } from "../../support/turnsDuring.ts"

const framesOf = (...chunks: ReadonlyArray<string>) =>
  Effect.map(Stream.runCollect(eventFrames(Stream.encodeText(Stream.fromIterable(chunks)))), (frames) => [...frames])

describe("An event stream", () => {
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

  const text = 'data: {"text":"größer 🙂"}'
  const whole = { text: "größer 🙂" }

  it.effect.each<readonly [string, ReadonlyArray<string>]>([
    ["a retry: line", ["retry: 3000\n\n", `${text}\n\n`]],
    ["a retry: line beside the data", [`retry: 3000\n${text}\n\n`]],
    ["id: and event: lines", [`id: 7\nevent: message\n${text}\n\n`]],
    ["comments", [`: ping\n\n:\n${text}\n\n`]],
    ["CRLF line ends", [`${text}\r\n\r\n`]],
    ["CRLF line ends in two pieces", [`${text}\r`, "\n\r", "\n"]],
    ["CR line ends", [`${text}\r\r`, ": \r"]],
    ["a byte order mark", [`\uFEFF${text}\n\n`]],
    ["an unknown field", [`colour: red\n${text}\n\n`]],
    ["data in several lines", ['data: {"text":\ndata: "größer 🙂"}\n\n']],
    ["an empty event", ["data:\n\n", `${text}\n\n`]],
  ])("reads an event with %s", ([, chunks]) =>
    Effect.gen(function* () {
      const frames = yield* framesOf(...chunks)
      assert.deepStrictEqual(
        frames.filter((frame) => Object.keys(frame as object).length > 0),
        [whole],
      )
    }),
  )

  it.effect("reads an event in pieces of one byte, which split its characters", () =>
    Effect.gen(function* () {
      const bytes = [...Buffer.from(`${text}\n\n`)].map((byte) => Uint8Array.of(byte))
      const frames = yield* Stream.runCollect(eventFrames(Stream.fromIterable(bytes)))
      assert.deepStrictEqual([...frames].at(-1), whole)
    }),
  )

  it.effect("leaves turns for the other calls while a large event is parsed", () =>
    Effect.gen(function* () {
      const event = { id: 1, items: Array.from({ length: 200_000 }, (_, id) => ({ id, text: "Hello" })) }
      const bytes = Stream.make(Buffer.from(`data: ${JSON.stringify(event)}\n\n`))
      const { during, result } = yield* turnsDuring(Stream.runCollect(eventFrames(bytes)))
      assert.deepStrictEqual([...result], [event])
      assert.isAbove(during, 20)
    }),
  )

  it.effect("fails with an event that does not end, before it takes all memory", () =>
    Effect.gen(function* () {
      const chunk = Buffer.from(`data: ${"x".repeat(1024 * 1024)}`)
      let sent = 0
      const endless = Stream.fromIterable(Array.from({ length: 100 }, () => chunk)).pipe(
        Stream.tap(() => Effect.sync(() => sent++)),
      )
      const error = yield* Effect.flip(Stream.runDrain(Stream.rechunk(eventFrames(Stream.rechunk(endless, 1)), 1)))
      assert.strictEqual(error._tag, "SseError")
      assert.isBelow(sent, 40)
    }),
  )
})
