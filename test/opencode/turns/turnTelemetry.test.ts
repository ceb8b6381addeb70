/** What telemetry tells of a turn. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Tracer } from "effect"
import { overFake } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer } from "../../support/play.ts"
import { here } from "../../../src/testing/samples.ts"
import { sending, withMain } from "./sending.ts"

const turns = Effect.map(Metric.snapshot, (metrics) =>
  metrics.flatMap(({ attributes, id, state }) => (id === "opencode_fleet.turns" ? [{ attributes, state }] : [])),
)

describe("The telemetry of a turn", () => {
  it.effect("is a span with instance, session and outcome but no text, and a count by outcome", () => {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      },
    })
    return Effect.gen(function* () {
      const fake = yield* withMain
      const fiber = yield* sending()
      beginAnswer(fake, "Hel")
      finishAnswer(fake, "Hello")
      yield* Fiber.join(fiber)
      const left = yield* sending()
      yield* Fiber.interrupt(left)

      const sent = spans.filter(({ name }) => name === "Turns.send")
      assert.deepStrictEqual(
        sent.map(({ attributes }) => attributes.get("opencode.turn.outcome")),
        ["completed", undefined],
      )
      for (const { attributes } of sent) {
        assert.strictEqual(attributes.get("opencode.instance"), "fake")
        assert.strictEqual(attributes.get("opencode.session.id"), here)
      }
      const all = spans.flatMap(({ attributes }) => [...attributes.values()].map(String)).join("\n")
      assert.notInclude(all, "Do it")
      assert.notInclude(all, "Hello")
      assert.deepStrictEqual(yield* turns, [
        { attributes: { operation: "send", outcome: "completed" }, state: { count: 1, incremental: true } },
        { attributes: { operation: "send", outcome: "left" }, state: { count: 1, incremental: true } },
      ])
    }).pipe(
      Effect.provide(overFake),
      Effect.withTracer(tracer),
      Effect.provideService(Metric.MetricRegistry, new Map()),
    )
  })
})
