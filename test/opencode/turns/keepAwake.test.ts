/** A turn of opencode 2 that waits for longer than opencode lets it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { InstanceEvents } from "../../../src/opencode/events/InstanceEvents.ts"
import { Turns } from "../../../src/opencode/turns/Turns.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { here, permission } from "../../../src/testing/samples.ts"
import { pass, target as at } from "../../support/overFake.ts"
import { main, withMain } from "./sending.ts"

const overFake2 = Turns.layer.pipe(
  Layer.provideMerge(InstanceEvents.layer),
  Layer.provideMerge(OpencodeV2.layer),
  Layer.provide(FakeOpencode.layerHttpClient),
  Layer.provideMerge(FakeOpencode.layerOf({ api: 2 })),
)

const hour = 60 * 60_000

/** A person who never decides. */
const thinking = () => Effect.never

describe("A turn that waits for a person for hours", () => {
  it.effect("is kept awake as long as it is followed, without changing the session's metadata", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessionMetadata.set(here, { own: "kept" })
      const turns = yield* Turns
      const credentials = { username: "opencode", password: Redacted.make(fake.credentials?.password ?? "") }
      const target = { ...at, credentials }
      const send = turns.send(target, main, { text: "Do it", ifBusy: "wait", timeout: "1 day", decide: thinking })
      const fiber = yield* Effect.forkChild(send)
      yield* pass(1000)
      fake.permissions = [permission("1")]
      const updates = () => fake.requests.filter(({ route }) => route === `PATCH /api/session/${here}`).length
      yield* pass(hour / 4)
      assert.strictEqual(updates(), 0)
      yield* pass(hour)
      assert.isAtLeast(updates(), 3)
      assert.deepStrictEqual(fake.sessionMetadata.get(here), { own: "kept" })
      yield* Fiber.interrupt(fiber)
      const before = updates()
      yield* pass(2 * hour)
      assert.strictEqual(updates(), before)
    }).pipe(Effect.provide(overFake2)),
  )
})
