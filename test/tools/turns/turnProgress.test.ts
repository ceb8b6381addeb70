import { advance } from "../../support/advance.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { WireEvent } from "../../../src/opencode/v1/wire/WireEvent.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { makeProgressReporter } from "../../../src/tools/turns/turnProgress.ts"
import { first, opened, prompt, taken } from "../../opencode/turn/turnPieces.ts"
import { completedTool, event, here, permission, textPart, toolPart } from "../../../src/testing/samples.ts"

/** A reporter, the messages it sent, and the turn it reports. */
const startReporter = Effect.fnUntraced(function* (wantsProgress = true) {
  const sent: Array<{ readonly progress: number; readonly message: string }> = []
  const reporter = yield* makeProgressReporter({
    wantsProgress,
    progress: (update) => Effect.sync(() => void sent.push(update)),
  })
  let turn = Turn.begin(here, prompt)
  const report = (...events: ReadonlyArray<WireEvent>) =>
    Effect.suspend(() => {
      turn = events.reduce(advance, turn)
      return reporter.report({ _tag: "Following", turn })
    })
  return { sent, report, waiting: reporter.report({ _tag: "Queued", turnsAhead: 1 }) }
})

const text = textPart(first, "")

describe("A turn's progress", () => {
  it.effect("holds the text so far, because a client shows the newest notification only", () =>
    Effect.gen(function* () {
      const { sent, report } = yield* startReporter()
      yield* report(...taken, ...opened(), event.part(text), event.delta(text, "One, "), event.delta(text, "two, "))
      yield* report(event.delta(text, "three."))
      yield* report()
      assert.deepStrictEqual(sent, [
        { progress: 1, message: "One, two," },
        { progress: 2, message: "One, two, three." },
      ])
    }),
  )

  it.effect("holds the last 200 characters of a long text, in whole words on one line", () =>
    Effect.gen(function* () {
      const { sent, report } = yield* startReporter()
      const words = Array.from({ length: 2000 }, (_, index) => `word${index}`)
      yield* report(...taken, ...opened(), event.part(text), event.delta(text, words.join("\n")))
      const shown = sent[0]?.message ?? ""
      assert.match(shown, /^… word\d+ .* word1999$/u)
      assert.isAtMost(shown.length, 202)
      assert.isAbove(shown.length, 180)
      yield* report(event.part(toolPart(first, completedTool("done"))))
      assert.match(sent[1]?.message ?? "", /^bash completed: .* · … word\d+ .* word1999$/u)
    }),
  )

  it.effect("repeats what the turn waits for in a heartbeat", () =>
    Effect.gen(function* () {
      const { sent, report } = yield* startReporter()
      yield* report(...taken, ...opened(), event.asked(permission("1")))
      yield* TestClock.adjust("15 seconds")
      yield* report()
      assert.deepStrictEqual(
        sent.map(({ message }) => message),
        Array.from({ length: 2 }, () => "Waiting for a person: permission for bash: rm -rf build"),
      )
    }),
  )

  it.effect("reports each tool call and each retry once", () =>
    Effect.gen(function* () {
      const { sent, report } = yield* startReporter()
      const retry = event.status({ type: "retry", attempt: 2, message: "overloaded", next: 5000 })
      yield* report(...taken, ...opened(), event.part(toolPart(first, completedTool("done"))), retry)
      yield* report(retry)
      assert.lengthOf(sent, 1)
      assert.match(
        sent[0]?.message ?? "",
        /^bash completed: .* · The provider failed.*attempt 2.*overloaded\. Retrying in 5 s, at 1970-01-01T00:00:05/u,
      )
    }),
  )

  it.effect("sends a heartbeat every 15 s, also while the message is queued", () =>
    Effect.gen(function* () {
      const { sent, report, waiting } = yield* startReporter()
      yield* waiting
      assert.lengthOf(sent, 0)
      yield* TestClock.adjust("1 second")
      yield* waiting
      yield* TestClock.adjust("14 seconds")
      yield* waiting
      assert.lengthOf(sent, 1)
      yield* TestClock.adjust("1 second")
      yield* waiting
      yield* TestClock.adjust("15 seconds")
      yield* report()
      assert.deepStrictEqual(
        sent.map(({ progress }) => progress),
        [1, 2, 3],
      )
    }),
  )

  it.effect("is not sent to a caller that does not want it", () =>
    Effect.gen(function* () {
      const { sent, report } = yield* startReporter(false)
      yield* TestClock.adjust("1 minute")
      yield* report(...taken, ...opened(), event.part({ ...text, text: "written" }))
      assert.lengthOf(sent, 0)
    }),
  )
})
