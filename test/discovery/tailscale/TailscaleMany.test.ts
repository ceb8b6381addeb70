/** `TRANSPORT=tailscale` in a large tailnet. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { opencodeIn, silent } from "../verdicts.ts"
import { start, tailnetOf } from "./scene.ts"

layer(NodeServices.layer)("In a tailnet", (it) => {
  it.effect("a thousand machines that hang do not delay a scan, and all are probed in the end", () =>
    Effect.gen(function* () {
      const { asked, scan } = yield* start({
        tailnet: tailnetOf(1000),
        answers: (url) =>
          Effect.as(Effect.sleep(1500), url === "http://100.100.3.231:4096" ? opencodeIn("/srv/last") : silent),
      })
      const timed = Effect.gen(function* () {
        const begin = yield* Clock.currentTimeMillis
        const found = yield* scan
        return { ...found, took: (yield* Clock.currentTimeMillis) - begin }
      })
      const scanned = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(timed, { startImmediately: true })
        yield* TestClock.adjust("9 seconds")
        return yield* Fiber.join(fiber)
      })
      const first = yield* scanned
      assert.isAtMost(first.took, 5000)
      assert.deepStrictEqual(first.announcements, [])
      assert.match(first.problems[0]?.reason ?? "", /488 of 1000 are left/u)
      assert.deepStrictEqual(first.problems[0]?.remedy, { _tag: "ReduceTailscalePorts" })
      const second = yield* scanned
      assert.isAtMost(second.took, 5000)
      assert.deepStrictEqual(second.problems, [])
      assert.deepStrictEqual(
        second.announcements.map(({ name }) => name),
        ["box-999-last"],
      )
      assert.strictEqual(new Set(asked.map(({ url }) => url)).size, 1000)
      assert.lengthOf(asked, 1000)
      for (const { timeout } of asked) assert.isAtMost(timeout, 1500)
    }),
  )
})
