import { assert, describe, it } from "@effect/vitest"
import { Effect, HashMap } from "effect"
import { Attention } from "../../../src/fleet/attention/Attention.ts"
import { touchOnEvents } from "../../../src/fleet/attention/touchOnEvents.ts"
import { FakeFleet, fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { event, here, permission, session } from "../../../src/testing/samples.ts"
import { pass } from "../../support/overFake.ts"

/** Less than the interval of the refresh. */
const soon = pass(4000)

describe("The activity of an instance whose events are followed", () => {
  it.effect.each([1, 2] as const)("is known as it changes, before the next refresh, on opencode %s", (api) =>
    Effect.gen(function* () {
      const { at, target } = yield* FakeFleet
      const fake = at("one")
      const attention = yield* Attention
      const known = Effect.map(attention.current, (reports) => {
        const report = HashMap.getUnsafe(reports, target("one").url)
        return report.known ? { active: report.active, count: report.count } : report.reason
      })
      fake.sessions.push(session("main"))
      yield* Effect.forkChild(touchOnEvents(undefined))
      yield* soon
      assert.deepStrictEqual(yield* known, { active: 0, count: 0 })

      fake.statuses.set(here, { type: "busy" })
      fake.emit(event.busy())
      yield* soon
      assert.deepStrictEqual(yield* known, { active: 1, count: 0 })

      fake.permissions = [permission("1")]
      fake.emit(event.asked(permission("1")))
      yield* soon
      assert.deepStrictEqual(yield* known, { active: 1, count: 1 })
    }).pipe(Effect.provide(fakeFleetLayer({ name: "one", api }))),
  )
})
