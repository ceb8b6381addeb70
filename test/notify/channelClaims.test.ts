import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Channel } from "../../src/notify/Channel.ts"
import { claimChannels } from "../../src/notify/channelClaims.ts"

const channel = (name: string): Channel => ({
  name,
  id: `${name} https://secret.test/topic`,
  deliver: () => Effect.void,
})

describe("The channels of notify", () => {
  it.effect("belong to one program at a time, each by itself", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const [desktop, ntfy] = [channel("desktop"), channel("ntfy")]
      yield* Effect.scoped(
        Effect.gen(function* () {
          // The same channel twice is one.
          yield* claimChannels(directory, [desktop, desktop])
          const error = yield* Effect.flip(claimChannels(directory, [ntfy, desktop]))
          assert.strictEqual(error.channel, "desktop")
          assert.notInclude((yield* fs.readDirectory(directory)).join(), "secret")
        }),
      )
      yield* claimChannels(directory, [ntfy, desktop])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
