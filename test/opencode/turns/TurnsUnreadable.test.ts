/** Messages that opencode cannot send, or that are too large to read, do not take their session with them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { abortTurn } from "../../../src/opencode/turns/abortTurn.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import type { FollowOptions } from "../../../src/opencode/turns/Turns.ts"
import { countingUnreadable } from "../../../src/opencode/Unreadable.ts"
import { assistant, done, event, here, msg, permission, textPart, user } from "../../../src/testing/samples.ts"
import { opencode, overFake, pass, whilePassing } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import { joining, main, sending, withMain } from "./sending.ts"

const asked = { ...permission("1"), tool: { messageID: msg("tool") } }

describe("With an unreadable message in the session", () => {
  it.effect("a page holds all other messages, and says how many are missing", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const ids = ["1", "2", "3", "4", "5", "6", "7"].map(msg)
      fake.messages.set(
        here,
        ids.map((id) => user(id)),
      )
      fake.unreadable.add(msg("1"))
      const read = (yield* opencode).messages(here, { limit: 10 })
      const { result, unreadable } = yield* countingUnreadable(read)
      assert.deepStrictEqual(
        result.messages.map(({ info }) => info.id),
        ids.slice(1),
      )
      assert.deepStrictEqual([...unreadable], [["unread message", 1]])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a turn is followed, its permission is decided, and its text is told", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.store(here, user(msg("structured")))
      fake.unreadable.add(msg("structured"))
      const decide: FollowOptions["decide"] = () =>
        Effect.succeedSome(
          Effect.sync(() => {
            fake.permissions = []
            fake.emit(event.replied(permission("1")))
            return true
          }),
        )
      const fiber = yield* sending({ decide })
      beginAnswer(fake, "Once upon")
      fake.permissions.push(permission("1"))
      fake.emit(event.asked(permission("1")))
      yield* pass(2000)
      finishAnswer(fake, "Once upon a time")
      yield* pass(5000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), "Once upon a time")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a request whose own message is unreadable stays open for the person", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "")
      fake.unreadable.add(msg("tool"))
      fake.permissions.push(asked)
      fake.emit(event.asked(asked))
      yield* pass(5000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "needs permission")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("the last turn is told from its answer if its prompt is unreadable", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const answer = msg("answer")
      fake.messages.set(here, [
        user(msg("structured")),
        { info: assistant(answer, msg("structured"), done()), parts: [textPart(answer, "Done")] },
      ])
      fake.unreadable.add(msg("structured"))
      const { outcome, turn } = yield* Fiber.join(yield* joining())
      assert.deepStrictEqual(outcome, { _tag: "completed" })
      assert.strictEqual(Turn.text(turn), "Done")
      assert.strictEqual(turn.prompt, msg("structured"))
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a turn whose answer is unreadable ends with its events, and says that the text may be incomplete", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      const prompt = fake.prompts[0]?.messageID ?? msg("none")
      fake.unreadable.add(prompt)
      fake.emit(event.message(assistant(msg("answer"), prompt)), event.part(textPart(msg("answer"), "Once upon")))
      fake.statuses.delete(here)
      fake.emit(...event.idle())
      yield* pass(10_000)
      const { outcome, turn } = yield* Fiber.join(fiber)
      assert.strictEqual(outcome._tag, "completed")
      assert.include("detail" in outcome ? outcome.detail : "", "1 stored message could not be read")
      assert.strictEqual(Turn.text(turn), "Once upon")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("a turn can be stopped", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.store(here, user(msg("structured")))
      fake.unreadable.add(msg("structured"))
      fake.statuses.set(here, { type: "busy" })
      const stopped = yield* whilePassing(10_000, abortTurn(yield* opencode, main))
      assert.deepInclude(stopped, { wasRunning: true, final: true })
      assert.deepStrictEqual(fake.aborts, [here])
    }).pipe(Effect.provide(overFake)),
  )
})
