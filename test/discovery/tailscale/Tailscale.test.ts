/** What `TRANSPORT=tailscale` announces. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Verdict } from "../../../src/discovery/identification/Identification.ts"
import { guarded } from "../../../src/discovery/guarded.ts"
import { TailscaleNotUnderstood, TailscaleStopped, TailscaleTimedOut } from "../../../src/discovery/tailscale/errors.ts"
import type { TailnetStatus } from "../../../src/discovery/tailscale/TailnetStatus.ts"
import { opencode2, opencodeWithPassword, opencodeIn, silent } from "../verdicts.ts"
import { status } from "./recordings.ts"
import { start, tailnetOf } from "./scene.ts"

const running = status("running-1.84.0")

layer(NodeServices.layer)("In a tailnet", (it) => {
  it.effect(
    "an opencode on another machine is named by machine and directory, with its other address as an alias",
    () =>
      Effect.gen(function* () {
        const { scan } = yield* start({
          tailnet: running,
          answers: (url) =>
            url === "http://100.64.10.2:4096"
              ? Effect.succeed(opencodeIn("/Users/alice/shop/api", "/Users/alice/shop"))
              : undefined,
        })
        const { announcements, problems } = yield* scan
        assert.deepStrictEqual(problems, [])
        assert.lengthOf(announcements, 1)
        const aliases = announcements[0]?.aliases
        assert.deepStrictEqual(announcements[0], {
          name: "laptop-shop-api",
          host: "laptop",
          url: "http://100.64.10.2:4096",
          directory: "/Users/alice/shop/api",
          transport: "tailscale",
          api: 1,
          passwordWithheld: "it did not require one when it was found; the next scan checks again",
          source: "tailscale peer laptop.tail4f2b1.ts.net",
          aliases,
        })
        assert.lengthOf(aliases ?? [], 1)
        assert.match(aliases?.[0] ?? "", /^http:\/\/\[fd7a:[0-9a-f:]+\]:4096$/u)
      }),
  )

  it.effect("only the user's machines and those with the tag are probed, on every port, over IPv6 if necessary", () =>
    Effect.gen(function* () {
      const { asked, scan } = yield* start({
        tailnet: running,
        options: { ports: [4096, 5000], tag: "tag:dev" },
      })
      yield* scan
      const urls = asked.map(({ url }) => url.replace(/\[fd7a:[^\]]+\]/u, "[tower]")).toSorted()
      assert.deepStrictEqual(urls, [
        "http://100.64.10.2:4096",
        "http://100.64.10.2:5000",
        "http://100.64.10.4:4096",
        "http://100.64.10.4:5000",
        "http://100.64.10.7:4096",
        "http://100.64.10.7:5000",
        "http://[tower]:4096",
        "http://[tower]:5000",
      ])
      for (const { mayHavePassword } of asked) assert.isTrue(mayHavePassword)
    }),
  )

  it.effect(
    "an opencode that requires a password receives it, and is named by its port until its directory is known",
    () =>
      Effect.gen(function* () {
        let verdict: Verdict = opencodeWithPassword
        const { scan } = yield* start({
          tailnet: running,
          answers: (url) => (url === "http://100.64.10.2:4096" ? Effect.sync(() => verdict) : undefined),
        })
        const [before] = (yield* scan).announcements
        assert.deepInclude(before, { name: "laptop-4096", directory: undefined, passwordWithheld: undefined })
        verdict = opencodeIn("/srv/shop", "/srv/shop", true)
        yield* TestClock.adjust("10 seconds")
        const [after] = (yield* scan).announcements
        assert.deepInclude(after, { name: "laptop-shop", directory: "/srv/shop", passwordWithheld: undefined })
        verdict = opencodeWithPassword
        assert.strictEqual((yield* scan).announcements[0]?.name, "laptop-shop")
      }),
  )

  it.effect(
    "the service of opencode 2 on another machine is found at its usual port, and named after the machine",
    () =>
      Effect.gen(function* () {
        const { scan } = yield* start({
          tailnet: running,
          options: {},
          answers: (url) => (url === "http://100.64.10.2:49374" ? Effect.succeed(opencode2) : undefined),
        })
        const { announcements } = yield* scan
        assert.lengthOf(announcements, 1)
        assert.deepInclude(announcements[0], {
          name: "laptop",
          api: 2,
          directory: undefined,
          passwordWithheld: undefined,
        })
      }),
  )

  it.effect("an instance that hangs stays listed, and one whose machine goes offline does not", () =>
    Effect.gen(function* () {
      const machines = yield* tailnetOf(2)
      let now = machines
      let verdict: Verdict = opencodeIn("/srv/shop")
      const { scan } = yield* start({
        tailnet: Effect.sync(() => now),
        answers: () => Effect.sync(() => verdict),
      })
      const names = Effect.map(scan, ({ announcements }) => announcements.map(({ name }) => name))
      assert.deepStrictEqual(yield* names, ["box-0-shop", "box-1-shop"])
      verdict = silent
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* names, ["box-0-shop", "box-1-shop"])
      now = yield* tailnetOf(1)
      assert.deepStrictEqual(yield* names, ["box-0-shop"])
    }),
  )

  it.effect("nothing is probed or listed while Tailscale is stopped", () =>
    Effect.gen(function* () {
      let stopped = false
      const { asked, scan } = yield* start({
        tailnet: Effect.suspend(() => (stopped ? Effect.fail(new TailscaleStopped()) : running)),
        answers: () => Effect.succeed(opencodeIn("/srv/shop")),
      })
      assert.lengthOf((yield* scan).announcements, 3)
      stopped = true
      yield* TestClock.adjust("2 minutes")
      const { announcements, problems } = yield* scan
      assert.deepStrictEqual(announcements, [])
      assert.deepStrictEqual(problems, [
        { source: "tailscale", reason: "is stopped on this machine. Run `tailscale up` to connect" },
      ])
      assert.lengthOf(asked, 3)
    }),
  )

  it.effect.each([
    new TailscaleTimedOut({ origin: "it", within: "3 seconds" }),
    new TailscaleNotUnderstood({ origin: "it", detail: "cannot be run, and was run 3 seconds ago" }),
  ])("instances stay listed while tailscaled is too busy to answer: %o", (error) =>
    Effect.gen(function* () {
      let busy = false
      const discovery = yield* start({
        tailnet: Effect.suspend(() => (busy ? Effect.fail(error) : running)),
        answers: () => Effect.succeed(opencodeIn("/srv/shop")),
      })
      const { scan } = yield* guarded("tailscale", discovery)
      const { announcements } = yield* scan
      busy = true
      for (const again of [yield* scan, yield* scan]) {
        assert.deepStrictEqual(again.announcements, announcements)
        assert.include(again.problems[0]?.reason, "3 seconds")
      }
    }),
  )

  it.effect("no probe takes longer than the probe timeout", () =>
    Effect.gen(function* () {
      const { asked, scan } = yield* start({ tailnet: running, options: { probeTimeout: 200 } })
      yield* scan
      for (const { timeout } of asked) assert.strictEqual(timeout, 200)
    }),
  )

  it.effect("reports a missing network device, unless something was found or there are no machines", () =>
    Effect.gen(function* () {
      const userspace = Effect.map(running, (one): TailnetStatus => ({ ...one, TUN: false }))
      const lonely = yield* start({ tailnet: userspace })
      assert.include((yield* lonely.scan).problems[0]?.reason, "userspace networking")
      const proxied = yield* start({ tailnet: userspace, answers: () => Effect.succeed(opencodeIn("/srv/shop")) })
      assert.deepStrictEqual((yield* proxied.scan).problems, [])
      const empty = yield* start({
        tailnet: Effect.map(tailnetOf(0), (one): TailnetStatus => ({ ...one, TUN: false })),
      })
      assert.deepStrictEqual((yield* empty.scan).problems, [])
    }),
  )
})
