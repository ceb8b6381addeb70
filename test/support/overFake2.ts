/** The services of one opencode 2 over the fake. */
import { Effect, Layer, Redacted } from "effect"
import { InstanceEvents } from "../../src/opencode/events/InstanceEvents.ts"
import type { Target } from "../../src/opencode/Target.ts"
import { Turns } from "../../src/opencode/turns/Turns.ts"
import * as OpencodeV2 from "../../src/opencode/v2/OpencodeV2.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"

export const overFake2 = Turns.layer.pipe(
  Layer.provideMerge(InstanceEvents.layer),
  Layer.provideMerge(OpencodeV2.layer),
  Layer.provide(FakeOpencode.layerHttpClient),
  Layer.provideMerge(FakeOpencode.layerOf({ api: 2 })),
)

export const target2: Effect.Effect<Target, never, FakeOpencode> = Effect.map(FakeOpencode, ({ credentials }) => ({
  instance: "fake",
  url: "http://fake.test:49375",
  credentials: { username: "opencode", password: Redacted.make(credentials?.password ?? "") },
}))
