/** More happens in a turn than its reader can follow, as while a look at what is stored takes long. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { FakeState } from "../support/FakeState.ts"
import * as Fault from "../support/Fault.ts"
import { overFake, pass } from "../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../support/play.ts"
import * as Turn from "../../src/opencode/Turn.ts"
import { assistant, done, event, here, msg, ses, textPart } from "../support/samples.ts"
import { onlooker, pending, sending, withMain } from "./sending.ts"

const pieces = Array.from({ length: 6000 }, (_, index) => ` ${index}`)
const written = `Counting:${pieces.join("")}`

/** A turn whose reader waits for an answer that does not come, while all of this is written. */
const behind = Effect.fnUntraced(function* (meanwhile: (fake: FakeState, answer: ReturnType<typeof msg>) => void) {
  const fake = yield* withMain
  const { observe, seen } = onlooker()
  const fiber = yield* sending({ observe })
  beginAnswer(fake, "Counting:")
  fake.fail("GET /session/status", Fault.hang, 1)
  yield* pass(1000)
  assert.strictEqual(fake.count("GET /session/status"), 2)
  const answer = msg(`answer_${fake.prompts[0]?.messageID.slice(4)}`)
  fake.emit(...pieces.map((piece) => event.delta(textPart(answer, ""), piece)))
  meanwhile(fake, answer)
  // Until then nothing of it can be known.
  yield* pass(5000)
  assert.strictEqual(seen.at(-1), "Counting:")
  yield* pass(10_000)
  return { fake, fiber, answer, shown: seen.at(-1) ?? "" }
})

describe("The text of a turn whose reader fell behind", () => {
  it.effect("shows that something is missing, and has no hole in the end", () =>
    Effect.gen(function* () {
      const { fake, fiber, shown } = yield* behind(() => undefined)
      pending(fiber)
      assert.match(shown, /^Counting:\[…\] \d+ .* 5999$/u)
      finishAnswer(fake, written)
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), written)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is the stored one where it was finished meanwhile, whatever is heard of it afterwards", () =>
    Effect.gen(function* () {
      const { fake, fiber, shown } = yield* behind((fake, answer) => {
        const part = { ...textPart(answer, written), time: { start: 1100, end: 1200 } }
        const info = assistant(answer, fake.prompts[0]?.messageID ?? msg("none"), done("tool-calls"))
        fake.store(here, { info, parts: [part] })
        fake.emit(event.part(part), event.message(info))
      })
      pending(fiber)
      assert.strictEqual(shown, written)
      fake.statuses.delete(here)
      fake.emit(...event.idle())
      yield* pass(5000)
      assert.strictEqual(Turn.text((yield* Fiber.join(fiber)).turn), written)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is the stored one where the whole turn ended meanwhile and that was among what was dropped", () =>
    Effect.gen(function* () {
      const { fiber } = yield* behind((fake) => {
        finishAnswer(fake, written)
        fake.emit(...pieces.map(() => event.busy(ses("second"))))
      })
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", written])
    }).pipe(Effect.provide(overFake)),
  )
})
