import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { makeIdle } from "../../support/play.ts"
import { assistant, done, event, here, msg, textPart, user } from "../../../src/testing/samples.ts"
import { joining, pending, withMain } from "./sending.ts"

const byHand = { session: here, messageID: msg("hand"), text: "By hand" }

/** The messages of a turn during which opencode compacts the conversation, in the order in which they are created. */
const compaction = (() => {
  const step = assistant(msg("step"), byHand.messageID, done("tool-calls"))
  const request = user(msg("request"), "")
  const marker = { type: "compaction", id: "prt_compaction", messageID: request.info.id, auto: true } as const
  const summary = assistant(msg("summary"), request.info.id, done())
  const onwards = {
    ...user(msg("onwards"), "Continue"),
    info: { ...user(msg("onwards")).info, time: { created: 1300 } },
  }
  const end = assistant(msg("end"), onwards.info.id, { ...done(), time: { created: 1400, completed: 1500 } })
  return [
    { info: step, parts: [textPart(step.id, "First step.")] },
    { info: request.info, parts: [marker] },
    { info: summary, parts: [textPart(summary.id, "What was said so far")] },
    onwards,
    { info: end, parts: [textPart(end.id, "Last step.")] },
  ]
})()

describe("Turns.follow, when opencode compacts the conversation during the turn", () => {
  it.effect.each([0, 1, 2, 3, 4, 5])("joined when %i messages follow the prompt", (known) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.take(byHand)
      for (const message of compaction.slice(0, known)) fake.store(here, message)
      const fiber = yield* joining()
      for (const message of compaction.slice(known)) {
        yield* pass(1000)
        pending(fiber)
        fake.store(here, message)
        fake.emit(event.message(message.info), ...message.parts.map(event.part))
      }
      yield* pass(1000)
      pending(fiber)
      makeIdle(fake)
      yield* pass(1000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(turn.prompt, byHand.messageID)
      assert.strictEqual(Turn.text(turn), "First step.\n\nLast step.")
    }).pipe(Effect.provide(overFake)),
  )
})
