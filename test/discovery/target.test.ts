/** An instance found by two scans of `local-ports` is one target, for everything that is kept per target. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { Discovery } from "../../src/discovery/Discovery.ts"
import { Identification } from "../../src/discovery/identification/Identification.ts"
import { ListeningSockets } from "../../src/discovery/ports/ListeningSockets.ts"
import * as LocalPorts from "../../src/discovery/ports/LocalPorts.ts"
import { targetOf } from "../../src/discovery/target.ts"
import { InstanceEvents } from "../../src/opencode/events/InstanceEvents.ts"
import { MessageCounts } from "../../src/opencode/sessions/MessageCounts.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { overFake, whilePassing } from "../support/overFake.ts"
import { session } from "../../src/testing/samples.ts"
import { listening, opencode } from "./ports/listening.ts"
import { opencodeIn } from "./verdicts.ts"

/** New objects with each call, as with settings read anew. */
const credentials = () => ({ username: "ada", password: Redacted.make("hunter2-Zk9") })

/** The targets from `count` scans. The process must be alive, so it is this one's parent. */
const scannedTargets = Effect.fnUntraced(function* (count: number) {
  const context = yield* Layer.build(
    LocalPorts.layerNoDeps().pipe(
      Layer.provide([
        Layer.succeed(ListeningSockets, {
          list: Effect.sync(() => [listening(4096, { ...opencode(process.ppid), birth: undefined })]),
          changes: Stream.never,
        }),
        Layer.succeed(Identification, {
          identify: () => Effect.succeed(opencodeIn("/work/project")),
          fingerprintOf: () => Effect.succeedNone,
        }),
      ]),
    ),
  )
  const { scan } = Context.get(context, Discovery)
  const scans = yield* Effect.replicateEffect(scan, count)
  return scans.flatMap(({ announcements }) => announcements.map((one) => targetOf(one, credentials())))
})

describe("Targets of one instance from several scans", () => {
  it.effect("share one event stream", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const events = yield* InstanceEvents
      const targets = yield* scannedTargets(3)
      assert.lengthOf(targets, 3)
      for (const target of targets) yield* whilePassing(100, events.subscribe(target))
      assert.strictEqual(fake.count("GET /global/event"), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("count a session's messages once", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const counts = yield* MessageCounts
      const main = session("main")
      fake.sessions = [main]
      for (const target of yield* scannedTargets(5)) yield* counts.count(target, main, false)
      assert.strictEqual(fake.count(`GET /session/${main.id}/message`), 1)
    }).pipe(Effect.provide(overFake)),
  )
})
