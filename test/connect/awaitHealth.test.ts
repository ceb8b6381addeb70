import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { awaitHealth } from "../../src/connect/awaitHealth.ts"
import { FakeOpencode } from "../support/FakeOpencode.ts"
import { garbage, hang, refused, unauthorized, unavailable, webPage } from "../support/Fault.ts"
import { countingFibers } from "../support/livingFibers.ts"
import { opencode, overFake, pass } from "../support/overFake.ts"

const health = "GET /global/health"

const begin = Effect.flatMap(opencode, (opencode) => Effect.forkChild(awaitHealth(opencode)))

it.layer(overFake)("An opencode that is starting", (it) => {
  it.effect("is there as soon as it answers", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { version } = yield* awaitHealth(yield* opencode)
      assert.strictEqual(version, "1.18.33")
      assert.strictEqual(fake.count(health), 1)
    }),
  )
})

it.effect("One that never answers the first question is asked again after 150 ms, and then it is there", () =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.fail(health, hang, 1)
    const waiting = yield* begin
    yield* pass(140)
    assert.isUndefined(waiting.pollUnsafe())
    yield* pass(100)
    assert.isDefined(waiting.pollUnsafe())
    assert.strictEqual(fake.count(health), 2)
  }).pipe(Effect.provide(overFake)),
)

it.effect.each([
  ["refuses connections", refused],
  ["hangs", hang],
  ["answers 503", unavailable],
  ["answers with a page", webPage],
  ["answers half", garbage],
] as const)("One that %s for a minute is waited for", ([, fault]) =>
  countingFibers((living) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail(health, fault)
      const waiting = yield* begin
      yield* pass(60_000, 1200)
      assert.isUndefined(waiting.pollUnsafe())
      assert.isAtMost(fake.count(health), 1201)
      const after = yield* living
      fake.heal()
      yield* pass(3200, 64)
      assert.isDefined(waiting.pollUnsafe())
      assert.isBelow(yield* living, after)
    }).pipe(Effect.provide(overFake)),
  ),
)

it.effect("One that refuses the password is not asked for ever", () =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.fail(health, refused, 3)
    const waiting = yield* Effect.forkChild(Effect.flip(awaitHealth(yield* opencode)))
    yield* pass(140)
    fake.fail(health, unauthorized)
    yield* pass(100)
    assert.strictEqual((yield* Fiber.join(waiting))._tag, "Unauthorized")
  }).pipe(Effect.provide(overFake)),
)
