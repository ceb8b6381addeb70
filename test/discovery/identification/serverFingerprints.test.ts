import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import type { Announcement } from "../../../src/discovery/Discovery.ts"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { serverFingerprints } from "../../../src/discovery/identification/serverFingerprints.ts"
import { InstanceUnreachable } from "../../../src/opencode/errors.ts"
import { announcement } from "../announcements.ts"

/** The laptop's opencode through its tunnel and in the tailnet, and another one in the tailnet. */
const tunnel = announcement("laptop", 40_001, { remotePort: 4096, tunnelled: true })
const tailnet = announcement("laptop", 0, { transport: "tailscale", url: "http://100.64.0.7:4096" })
const desktop = announcement("desktop", 0, { transport: "tailscale", url: "http://100.64.0.8:4096" })

const unreachable = new InstanceUnreachable({ instance: "laptop", url: "", mayHaveArrived: false, detail: "away" })

/** `away` does not answer. */
const marked = Effect.fnUntraced(function* (fingerprintOf: (url: string) => string | undefined) {
  const asked: Array<string> = []
  const marks = yield* Effect.provideService(serverFingerprints, Identification, {
    identify: () => Effect.never,
    fingerprintOf: ({ url }) =>
      Effect.suspend(() => {
        asked.push(url)
        const mark = fingerprintOf(url)
        return mark === "away" ? Effect.fail(unreachable) : Effect.succeed(Option.fromUndefinedOr(mark))
      }),
  })
  const same = (announcements: ReadonlyArray<Announcement>, one: Announcement, other: Announcement) =>
    Effect.map(
      marks(announcements),
      (fingerprintOf) => fingerprintOf(one) !== undefined && fingerprintOf(one) === fingerprintOf(other),
    )
  return { same, asked: () => asked.splice(0) }
})

describe("Servers that may be the same", () => {
  it.effect("are the same if machine, directory and port are equal", () =>
    Effect.gen(function* () {
      const { same } = yield* marked((url) => (url === desktop.url ? "other" : "laptop"))
      const all = [tunnel, tailnet, desktop]
      assert.isTrue(yield* same(all, tunnel, tailnet))
      assert.isFalse(yield* same(all, tunnel, desktop))
    }),
  )

  it.effect("are two if two opencodes of one machine serve the same directory", () =>
    Effect.gen(function* () {
      const { same } = yield* marked(() => "laptop")
      const second = announcement("laptop", 40_002, { remotePort: 5000, tunnelled: true })
      const all = [tunnel, tailnet, second, { ...tailnet, url: "http://100.64.0.7:5000" }]
      assert.isTrue(yield* same(all, tunnel, tailnet))
      assert.isFalse(yield* same(all, tunnel, second))
    }),
  )

  it.effect("use the default port of their URL if it names none", () =>
    Effect.gen(function* () {
      for (const [url, remotePort] of [
        ["https://laptop.example.org", 443],
        ["http://laptop.example.org", 80],
      ] as const) {
        const { same } = yield* marked(() => "same")
        const proxied = { ...tailnet, url }
        const there = { ...tunnel, remotePort }
        assert.isTrue(yield* same([there, proxied], there, proxied))
      }
    }),
  )

  it.effect("are not merged by a fingerprint that one transport found twice, because machines may be clones", () =>
    Effect.gen(function* () {
      const { same } = yield* marked(() => "copied")
      const all = [tunnel, tailnet, desktop]
      assert.isFalse(yield* same(all, tailnet, desktop))
      assert.isFalse(yield* same(all, tunnel, tailnet))
      const joined = { ...desktop, aliases: [tailnet.url] }
      assert.isTrue(yield* same([tunnel, tailnet, joined], tunnel, tailnet))
    }),
  )

  it.effect("are read only if two transports have found the same port", () =>
    Effect.gen(function* () {
      const { asked, same } = yield* marked(() => "same")
      const otherPort = { ...tailnet, url: "http://100.64.0.7:5000" }
      assert.isFalse(yield* same([tunnel, otherPort], tunnel, otherPort))
      assert.isFalse(yield* same([tailnet, desktop], tailnet, desktop))
      const alias = { ...tailnet, aliases: [tunnel.url] }
      assert.isFalse(yield* same([tunnel, alias], tunnel, alias))
      assert.deepStrictEqual(asked(), [])
    }),
  )

  it.effect("are read once per minute, and when another server may have taken over the URL", () =>
    Effect.gen(function* () {
      const { asked, same } = yield* marked(() => "same")
      const both = [tunnel, tailnet]
      const rounds: ReadonlyArray<readonly [pass: number, expected: Array<string>]> = [
        [0, [tunnel.url, tailnet.url]],
        [59_999, []],
        [1, [tunnel.url, tailnet.url]],
      ]
      for (const [pass, expected] of rounds) {
        yield* TestClock.adjust(pass)
        yield* same(both, tunnel, tailnet)
        assert.deepStrictEqual(asked(), expected)
      }
      const written = { ...tunnel, writtenAt: 5 }
      const reborn = { ...written, birth: "a later process" }
      for (const now of [written, reborn, { ...reborn, source: "/relay/another.json" }]) {
        yield* same([now, tailnet], now, tailnet)
        assert.deepStrictEqual(asked(), [tunnel.url])
      }
    }),
  )

  it.effect("stay the same while one of them does not answer, as long as its URL is announced", () =>
    Effect.gen(function* () {
      let away = false
      const { same } = yield* marked((url) => (away && url === tunnel.url ? "away" : "same"))
      const both = [tunnel, tailnet]
      assert.isTrue(yield* same(both, tunnel, tailnet))
      away = true
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(yield* same(both, tunnel, tailnet))
      yield* same([tailnet], tunnel, tailnet)
      assert.isFalse(yield* same(both, tunnel, tailnet))
    }),
  )

  it.effect("are no longer the same when one of them answers without a fingerprint", () =>
    Effect.gen(function* () {
      let taken = false
      const { same } = yield* marked((url) => (taken && url === tailnet.url ? undefined : "same"))
      const both = [tunnel, tailnet]
      assert.isTrue(yield* same(both, tunnel, tailnet))
      taken = true
      yield* TestClock.adjust("1 minute")
      assert.isFalse(yield* same(both, tunnel, tailnet))
    }),
  )
})
