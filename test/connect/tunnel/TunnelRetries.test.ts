/** How often a tunnel retries, what it logs, and how it reconnects after the machine was asleep. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { countingFibers } from "../../support/livingFibers.ts"
import { pass } from "../../support/overFake.ts"
import { FakeSsh } from "./FakeSsh.ts"
import { makeLog, seconds, settle, start } from "./tunnel.ts"

const pauses = ({ tries }: FakeSsh["Service"]) => tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? 0))

/** Each pause is within 20 % of the expected one. */
const assertAbout = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>) => {
  assert.strictEqual(found.length, expected.length)
  for (const [index, pause] of found.entries()) {
    const about = (expected[index] ?? 0) * 1000
    assert.isTrue(pause >= about * 0.8 && pause <= about * 1.2, `pause ${index}: ${pause}, not about ${about}`)
  }
}

describe("A relay that cannot be reached", () => {
  it.effect("is always tried again; a long outage is logged once and leaks nothing", () => {
    const log = makeLog()
    return countingFibers((living) =>
      Effect.gen(function* () {
        const fake = yield* FakeSsh
        fake.refusal = "ssh: connect to host relay port 22: No route to host"
        const tunnel = yield* start()
        yield* pass(61_000, 610)
        assertAbout(pauses(fake).slice(0, 5), [1, 2, 4, 8, 16])
        const then = yield* living
        yield* pass(1200 * 60_000, 6000)
        assert.isAbove(fake.tries.length, 1100)
        const late = pauses(fake).slice(6)
        assertAbout(
          late,
          late.map(() => 60),
        )
        assert.isAbove(new Set(late).size, 20, "a fleet must not return at the same moment")
        const reason = `${fake.refusal} (the command ended with status 255)`
        assert.deepStrictEqual(yield* tunnel.state, { _tag: "waiting", since: 0, reason })
        assert.deepStrictEqual(log.lines, [reason])
        assert.isAtMost(yield* living, then)
        assert.strictEqual(fake.connections.size, 0)

        fake.refusal = "Permission denied (publickey)"
        yield* pass(3 * 60_000, 300)
        assert.deepStrictEqual(log.lines.slice(1), [
          "Permission denied (publickey) (the command ended with status 255)",
        ])
        assert.deepInclude(yield* tunnel.state, { _tag: "waiting", since: 0 })
        fake.refusal = undefined
        yield* pass(73_000, 730)
        assert.deepInclude(yield* tunnel.state, { _tag: "connected" })
      }).pipe(Effect.scoped, Effect.provide([FakeSsh.layer, log.layer])),
    )
  })

  it.effect.each([
    ["long connection it starts with short pauses again", 31, [1, 1, 2, 4, 8]],
    ["short connection it continues with the long pauses", 28, [60, 60]],
  ] satisfies ReadonlyArray<[string, number, ReadonlyArray<number>]>)("after a %s", ([, connected, expected]) =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.refusal = "no route"
      const tunnel = yield* start()
      yield* pass(600_000, 6000)
      fake.refusal = undefined
      yield* TestClock.adjust(250).pipe(Effect.andThen(settle), Effect.repeat({ until: () => fake.files.size > 0 }))
      yield* seconds(connected)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected" })
      fake.refusal = "no route"
      fake.drop()
      fake.tries.splice(0, Number.POSITIVE_INFINITY, { at: yield* Clock.currentTimeMillis, args: [] })
      yield* seconds(150)
      assertAbout(pauses(fake).slice(0, expected.length), expected)
    }).pipe(Effect.scoped, Effect.provide(FakeSsh.layer)),
  )
})

describe("After the machine was asleep, a tunnel", () => {
  it.effect("reconnects immediately, even if the old connection seems to be open", () => {
    const log = makeLog()
    return Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* seconds(7)
      yield* tunnel.sleep(8 * 3_600_000)
      yield* seconds(4)
      assert.lengthOf(fake.tries, 2)
      assert.strictEqual(fake.connections.size, 1)
      assert.deepInclude(yield* tunnel.state, { _tag: "connected", since: 8 * 3_600_000 + 10_000, port: 40_002 })
      assert.include(log.lines.join("\n"), "was asleep")
    }).pipe(Effect.scoped, Effect.provide([FakeSsh.layer, log.layer]))
  })

  it.effect("skips the rest of a pause and starts with short ones", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      fake.refusal = "no route"
      const tunnel = yield* start()
      yield* pass(600_000, 3000)
      yield* tunnel.sleep(3_600_000)
      fake.tries.length = 0
      yield* seconds(5)
      assert.isAtLeast(fake.tries.length, 1)
      yield* pass(8000, 80)
      assert.isAtLeast(fake.tries.length, 3)
      assert.deepInclude(yield* tunnel.state, { _tag: "waiting" })
    }).pipe(Effect.scoped, Effect.provide(FakeSsh.layer)),
  )

  it.effect("does not reconnect because of a timer that is a few seconds late on a busy machine", () =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const tunnel = yield* start()
      yield* settle
      for (let count = 0; count < 10; count++) {
        yield* seconds(5)
        yield* tunnel.sleep(10_000)
      }
      yield* seconds(5)
      assert.lengthOf(fake.tries, 1)
    }).pipe(Effect.scoped, Effect.provide(FakeSsh.layer)),
  )
})
