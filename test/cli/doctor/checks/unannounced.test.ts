/** What `doctor` says about an opencode of this machine that no transport finds. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { unannouncedOf } from "../../../../src/cli/doctor/checks/unannounced.ts"
import { Identification } from "../../../../src/discovery/identification/Identification.ts"
import { type Listening, ListeningSockets, ListeningUnknown } from "../../../../src/discovery/ports/ListeningSockets.ts"
import type { TransportName } from "../../../../src/discovery/transportNames.ts"
import type { Instance } from "../../../../src/fleet/Instance.ts"
import { Fleet } from "../../../../src/fleet/Fleet.ts"
import { Settings } from "../../../../src/Settings.ts"
import { listening, opencode, other } from "../../../discovery/ports/listening.ts"
import { notOpencode, opencodeIn } from "../../../discovery/verdicts.ts"

interface Scene {
  readonly transports?: ReadonlyArray<TransportName>
  /** What a transport has found. */
  readonly found?: ReadonlyArray<Partial<Instance>>
}

const instance: Instance = {
  name: "shop",
  host: "laptop",
  url: "http://127.0.0.1:4096",
  directory: "/work/shop",
  transport: "local-relay",
  source: "/relay/shop.json",
  transports: ["local-relay"],
  fallbacks: [],
  health: { state: "online", version: "1.18.33", latency: 1, reason: "", checkedAt: 0 },
  lastSeen: 0,
}

const notListed = new ListeningUnknown({ detail: "no /proc here" })

const observe = Effect.fnUntraced(function* (
  sockets: Effect.Effect<ReadonlyArray<Listening>, ListeningUnknown>,
  { found = [], transports = ["local-relay", "service"] }: Scene = {},
) {
  const asked: Array<string> = []
  const [observation] = yield* unannouncedOf(
    Layer.succeed(ListeningSockets, { list: sockets, changes: Stream.empty }),
  ).pipe(
    Effect.provide([
      Layer.mock(Fleet, {
        snapshot: Effect.succeed({
          instances: found.map((one) => ({ ...instance, ...one })),
          problems: [],
          reports: [],
          refreshedAt: 0,
        }),
      }),
      Settings.layerOf({ relayDirectory: "/relay", transports }),
      Layer.succeed(Identification, {
        identify: ({ url }) =>
          Effect.sync(() => {
            asked.push(url)
            return url.endsWith(":4097") ? notOpencode : opencodeIn("/work/shop")
          }),
        fingerprintOf: () => Effect.succeedNone,
      }),
    ]),
  )
  return { observation, asked }
})

const here = Effect.succeed([listening(4096, opencode(7)), listening(4097, opencode(8)), listening(3000, other(9))])

it.effect("An opencode that no transport finds is named, with the setting that finds it", () =>
  Effect.gen(function* () {
    const { asked, observation } = yield* observe(here)
    assert.deepStrictEqual(observation, {
      state: "warning",
      message:
        "an opencode is running on this machine and no transport finds it: http://127.0.0.1:4096 (process 7, /work/shop)",
      advice:
        "Set TRANSPORT=local-relay,service,local-ports, which finds every opencode of yours on this machine, or start it with `opencode-fleet connect`.",
    })
    assert.deepStrictEqual(asked.toSorted(), ["http://127.0.0.1:4096", "http://127.0.0.1:4097"])
  }),
)

it.effect.each<[string, Scene]>([
  ["at its address", { found: [{}] }],
  ["at another address of its port", { found: [{ url: "http://10.0.0.1:9", fallbacks: [instance] }] }],
  ["through the proxy of `connect`", { found: [{ url: "http://127.0.0.1:5000", pid: 7 }] }],
  ["by local-ports", { transports: ["local-ports"] }],
])("An opencode that is found %s is not mentioned", ([, scene]) =>
  Effect.gen(function* () {
    assert.isUndefined((yield* observe(here, scene)).observation)
  }),
)

it.effect("Nothing is said, and nothing is asked, where the system does not list what listens, nor of a service", () =>
  Effect.gen(function* () {
    const service = listening(4096, { ...opencode(7), mode: "service" })
    for (const sockets of [Effect.fail(notListed), Effect.succeed([service])]) {
      assert.deepStrictEqual(yield* observe(sockets), { observation: undefined, asked: [] })
    }
  }),
)
