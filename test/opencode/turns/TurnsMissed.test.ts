/** More events than the reader of a turn can take, as while reading the stored state takes long. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { MessageId } from "../../../src/opencode/Identifiers.ts"
import { InstanceEvents } from "../../../src/opencode/events/InstanceEvents.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { overFake, pass, target } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import { assistant, event, here, msg, ses, session, textPart } from "../../../src/testing/samples.ts"
import { recordingObserver, pending, sending, withMain } from "./sending.ts"

const pieces = Array.from({ length: 6000 }, (_, index) => ` ${index}`)
const written = `Counting:${pieces.join("")}`

/** Answers with what is stored at the time of the request, 5 s later. */
const late: Fault.Fault = (answer) => Effect.tap(answer, Effect.sleep("5 seconds"))

/** Waits until everything that was emitted has arrived. */
const received = Effect.fnUntraced(function* (fake: FakeState) {
  const { take } = yield* (yield* InstanceEvents).subscribe(target)
  const last = event.created(session("last", { parentID: ses("elsewhere") }))
  fake.emit(last)
  const heard = yield* take.pipe(
    Effect.repeat({ until: (notice) => notice._tag === "Event" && notice.event._tag === "SubagentStarted" }),
    Effect.forkChild,
  )
  while (heard.pollUnsafe() === undefined) yield* pass(1, 1)
}, Effect.scoped)

/** A turn whose reader waits for an old stored state while all of the text is streamed. */
const behind = Effect.fnUntraced(function* (meanwhile: (fake: FakeState, answer: MessageId) => void) {
  const fake = yield* withMain
  const { observe, seen } = recordingObserver()
  const fiber = yield* sending({ observe })
  beginAnswer(fake, "Counting:")
  const route = `GET /session/${here}/message`
  const before = fake.count(route)
  fake.fail(route, late, 1)
  yield* pass(1000)
  assert.strictEqual(fake.count(route), before + 1)
  const answer = msg(`answer_${fake.prompts[0]?.messageID.slice(4)}`)
  fake.emit(...pieces.map((piece) => event.delta(textPart(answer, ""), piece)))
  meanwhile(fake, answer)
  yield* received(fake)
  assert.strictEqual(seen.at(-1), "Counting:")
  yield* pass(6000)
  return { fake, fiber, answer, seen }
})

describe("The text of a turn whose event reader fell behind", () => {
  it.effect("marks what is missing, and is complete at the end", () =>
    Effect.gen(function* () {
      const { fake, fiber, seen } = yield* behind(() => undefined)
      pending(fiber)
      assert.match(seen.at(-1) ?? "", /^Counting:\[…\] \d+ .* 5999$/u)
      finishAnswer(fake, written)
      yield* pass(500)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), written)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is the stored text if the part was finished meanwhile, and late events add nothing", () =>
    Effect.gen(function* () {
      const { answer, fake, fiber, seen } = yield* behind((fake, answer) => {
        const part = { ...textPart(answer, written), time: { start: 1100, end: 1200 } }
        fake.store(here, { info: assistant(answer, fake.prompts[0]?.messageID ?? msg("none")), parts: [part] })
      })
      pending(fiber)
      assert.strictEqual(seen.at(-1), written)
      fake.emit(event.delta(textPart(answer, ""), " 5999"))
      yield* pass(500)
      assert.strictEqual(seen.at(-1), written)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is the stored text if the turn's end was among the dropped events", () =>
    Effect.gen(function* () {
      const { fiber } = yield* behind((fake) => {
        finishAnswer(fake, written)
        fake.emit(...pieces.map(() => event.busy(ses("second"))))
      })
      assert.isDefined(fiber.pollUnsafe())
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", written])
    }).pipe(Effect.provide(overFake)),
  )
})
