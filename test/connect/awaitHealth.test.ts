import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { awaitHealth } from "../../src/connect/awaitHealth.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { garbage, hang, refused, unauthorized, unavailable, webPage } from "../../src/testing/Fault.ts"
import { countingFibers } from "../support/livingFibers.ts"
import { opencode, overFake, pass } from "../support/overFake.ts"

const health = "GET /global/health"

const start = Effect.flatMap(opencode, (opencode) => Effect.forkChild(awaitHealth(opencode)))

it.layer(overFake)("An opencode that is starting", (it) => {
  it.effect("is ready as soon as it answers", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { version } = yield* awaitHealth(yield* opencode)
      assert.strictEqual(version, "1.18.33")
      assert.strictEqual(fake.count(health), 1)
    }),
  )
})

it.effect("A request that an opencode that is starting never answers is repeated after 150 ms", () =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.fail(health, hang, 1)
    const waiting = yield* start
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
  ["answers with a web page", webPage],
  ["answers with broken JSON", garbage],
] as const)("awaitHealth waits for an opencode that %s for a minute", ([, fault]) =>
  countingFibers((living) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail(health, fault)
      const waiting = yield* start
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

it.effect("awaitHealth fails if the password is refused", () =>
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
