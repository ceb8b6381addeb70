/** Services that appear on the network, move, and disappear. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { opencodeWithPassword, notOpencode, opencodeIn, refused, silent } from "../verdicts.ts"
import { announced, join, kind, location, pointer } from "./network.ts"

const browsing = { type: "PTR", name: kind } as const

describe("mdns", () => {
  it.effect("queries the network at each scan, and announces each answer at the location that it gives", () =>
    Effect.gen(function* () {
      const network = yield* join()
      assert.deepStrictEqual(
        network.asked.map(({ questions }) => questions),
        [[browsing]],
      )
      network.verdicts.set("http://192.168.1.7:4106", opencodeIn("/home/ann/shop"))
      yield* network.send("192.168.1.7", ...announced("opencode-4106", 4106))
      yield* TestClock.adjust("1 second")
      const { announcements, problems } = yield* network.scan
      assert.lengthOf(network.asked, 2)
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(announcements, [
        {
          name: "192-168-1-7-shop",
          host: "192.168.1.7",
          url: "http://192.168.1.7:4106",
          directory: "/home/ann/shop",
          transport: "mdns",
          passwordWithheld: "it did not require one when it was found; the next scan checks again",
          untrusted: true,
          source: "mdns opencode-4106 at 192.168.1.7",
        },
      ])
    }),
  )

  it.effect("the first scan waits for answers", () =>
    Effect.gen(function* () {
      const present = [{ address: "192.168.1.7", records: announced("opencode-4096", 4096) }]
      const { first } = yield* join({ present })
      assert.deepStrictEqual(
        first.announcements.map(({ url }) => url),
        ["http://192.168.1.7:4096"],
      )
    }),
  )

  it.effect("queries the network at most once per second, however often it is scanned", () =>
    Effect.gen(function* () {
      const network = yield* join()
      for (let look = 0; look < 30; look++) {
        yield* network.scan
        yield* TestClock.adjust("100 millis")
      }
      assert.isAtMost(network.asked.length, 5)
    }),
  )

  it.effect("emits a change for a new service, and none for a repeated announcement", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      assert.strictEqual(network.changes(), 1)
      for (let repeat = 0; repeat < 3; repeat++) {
        yield* TestClock.adjust("2 seconds")
        yield* network.send("192.168.1.7", ...announced("OpenCode-4096", 4096))
      }
      assert.strictEqual(network.changes(), 1)
    }),
  )

  it.effect.each([
    ["all of it", announced("opencode-4096", 4096, 0)],
    ["its name only", [pointer("opencode-4096", 0)]],
    ["its place only", [location("opencode-4096", 4096, 0)]],
    ["its name only, and its place goes along", [pointer("opencode-4096", 0), location("opencode-4096", 4096)]],
  ] as const)("removes a service at its goodbye: %s", ([, goodbye]) =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* TestClock.adjust("2 seconds")
      yield* network.send("192.168.1.8", ...goodbye)
      assert.strictEqual(network.changes(), 1)
      yield* network.send("192.168.1.7", ...goodbye)
      assert.strictEqual(network.changes(), 2)
      assert.deepStrictEqual(yield* network.find, {})
    }),
  )

  it.effect("removes a service whose time to live has passed, and emits a change", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* TestClock.adjust("115 seconds")
      assert.strictEqual(network.changes(), 1)
      assert.property(yield* network.find, "http://192.168.1.7:4096")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(network.changes(), 2)
      assert.deepStrictEqual(yield* network.find, {})
    }),
  )

  it.effect("does not find a service that has just expired", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096, 2))
      yield* TestClock.adjust(1999)
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.7:4096"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* network.find, {})
    }),
  )

  it.effect("queries again before a service expires, also without scans, so running services stay", () =>
    Effect.gen(function* () {
      const network = yield* join()
      const url = "http://192.168.1.7:4096"
      network.verdicts.set(url, opencodeIn("/shop"))
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      for (let round = 0; round < 5; round++) {
        const before = network.asked.length
        yield* TestClock.adjust("105 seconds")
        assert.isAbove(network.asked.length, before)
        yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      }
      assert.strictEqual(network.changes(), 1)
      assert.property(yield* network.find, url)
    }),
  )

  it.effect(
    "removes a service soon that does not answer and whose port is closed, because opencode sends no goodbye",
    () =>
      Effect.gen(function* () {
        const network = yield* join()
        const [ended, asleep] = ["http://192.168.1.7:4096", "http://192.168.1.8:4096"]
        network.verdicts.set(ended, opencodeIn("/shop")).set(asleep, opencodeIn("/blog"))
        yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
        yield* network.send("192.168.1.8", ...announced("opencode-4096", 4096))
        assert.hasAllKeys(yield* network.find, [ended, asleep])
        network.verdicts.set(ended, refused).set(asleep, silent)
        yield* TestClock.adjust("2 seconds")
        const before = network.changes()
        yield* TestClock.adjust("8 seconds")
        assert.strictEqual(network.changes(), before + 1)
        assert.hasAllKeys(yield* network.find, [asleep])
      }),
  )

  it.effect("probes the port of a silent service once per question, after it had time to answer", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      const asked = Effect.sync(() => network.identified.splice(0).length)
      // Every five seconds is looked who is silent.
      yield* TestClock.adjust("3 seconds")
      yield* network.scan
      yield* asked
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* asked, 0)
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(yield* asked, 1)
      yield* network.scan
      yield* asked
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* asked, 1)
    }),
  )

  it.effect("does not probe the port of a service that answers the query", () =>
    Effect.gen(function* () {
      const network = yield* join()
      const url = "http://192.168.1.7:4096"
      network.verdicts.set(url, refused)
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.scan
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      const before = network.identified.length
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(network.identified.length, before)
      assert.property(yield* network.find, url)
    }),
  )

  it.effect("follows a service to another port", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-main", 4096))
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.7:4096"])
      yield* TestClock.adjust("1 second")
      yield* network.send("192.168.1.7", location("opencode-main", 4100))
      assert.strictEqual(network.changes(), 2)
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.7:4100"])
    }),
  )

  it.effect("queries the location of a service of which only the name is known, and announces it then", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", pointer("opencode-4096"))
      assert.deepStrictEqual(network.asked.at(-1)?.questions, [{ type: "SRV", name: `opencode-4096.${kind}` }])
      assert.deepStrictEqual(yield* network.find, {})
      assert.strictEqual(network.changes(), 0)
      yield* network.send("192.168.1.7", location("opencode-4096", 4096))
      assert.strictEqual(network.changes(), 1)
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.7:4096"])
    }),
  )

  it.effect("does not query a location that has arrived meanwhile", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", pointer("opencode-1"))
      yield* network.send("192.168.1.7", location("opencode-1", 4096))
      yield* network.send("192.168.1.7", pointer("opencode-2"))
      yield* network.send("192.168.1.7", location("opencode-2", 4097))
      const before = network.asked.length
      yield* TestClock.adjust("3 seconds")
      assert.lengthOf(network.asked, before)
    }),
  )

  it.effect("treats the same name on two hosts as two instances", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.send("192.168.1.8", ...announced("opencode-4096", 4096))
      const found = yield* network.find
      assert.deepStrictEqual(
        Object.values(found).map(({ name }) => name),
        ["192-168-1-7-opencode-4096", "192-168-1-8-opencode-4096"],
      )
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096, 0))
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.8:4096"])
    }),
  )

  it.effect("names an instance by its announced host, and a local one by this machine", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { allow: ["192.168.1.*"] } })
      network.verdicts
        .set("http://192.168.1.7:4096", opencodeIn("/shop"))
        .set("http://192.168.1.2:4096", opencodeIn("/shop"))
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096, 120, "build.local"))
      yield* network.send("192.168.1.8", ...announced("opencode-4096", 4096, 120, "test.local."))
      yield* network.send("192.168.1.2", ...announced("opencode-4096", 4096, 120, "OpenCode.local."))
      assert.deepStrictEqual(
        Object.values(yield* network.find).map(({ host, name }) => [host, name]),
        [
          ["build.local", "build-shop"],
          ["test.local", "test-opencode-4096"],
          ["desk", "desk-shop"],
        ],
      )
    }),
  )

  it.effect("names an untrusted service by its address, so it cannot take another one's name", () =>
    Effect.gen(function* () {
      const network = yield* join()
      network.verdicts.set("http://192.168.1.7:4096", opencodeIn("/shop"))
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096, 120, "laptop.local"))
      yield* network.send("192.168.1.8", ...announced("opencode-4096", 4096, 120, "laptop.local"))
      assert.deepStrictEqual(
        Object.values(yield* network.find).map(({ name }) => name),
        ["192-168-1-7-shop", "192-168-1-8-opencode-4096"],
      )
    }),
  )

  it.effect("does not list other servers, and probes them once per minute", () =>
    Effect.gen(function* () {
      const network = yield* join()
      network.verdicts.set("http://192.168.1.7:4096", notOpencode)
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.send("192.168.1.8", ...announced("opencode-4096", 4096))
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.8:4096"])
      yield* TestClock.adjust("30 seconds")
      yield* network.scan
      const asked = network.identified.filter(({ url }) => url === "http://192.168.1.7:4096")
      assert.lengthOf(asked, 1)
    }),
  )

  it.effect("probes a trusted service at each scan until it answers as opencode does", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { allow: ["192.168.1.7"] } })
      const url = "http://192.168.1.7:4096"
      network.verdicts.set(url, silent)
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      assert.include((yield* network.find)[url]?.passwordWithheld, "has not yet answered")
      network.verdicts.set(url, opencodeWithPassword)
      assert.isUndefined((yield* network.find)[url]?.passwordWithheld)
    }),
  )

  it.effect("keeps the name of an instance that stops answering", () =>
    Effect.gen(function* () {
      const network = yield* join()
      const url = "http://192.168.1.7:4096"
      network.verdicts.set(url, opencodeIn("/shop"))
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      const before = yield* network.find
      network.verdicts.delete(url)
      yield* TestClock.adjust("61 seconds")
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      assert.deepStrictEqual(yield* network.find, before)
    }),
  )

  it.effect("ignores packets from other networks than this machine's", () =>
    Effect.gen(function* () {
      const network = yield* join()
      for (const address of ["192.168.2.7", "8.8.8.8", "10.0.0.1", "::1", "fe80::1%eth0", "not an address", ""]) {
        yield* network.send(address, ...announced("opencode-4096", 4096))
      }
      assert.strictEqual(network.changes(), 0)
      assert.deepStrictEqual(yield* network.find, {})
    }),
  )

  it.effect("after a change of networks it queries immediately and again, and removes the old services", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* TestClock.adjust("2 seconds")
      const before = network.asked.length
      yield* network.move([{ address: "10.1.0.2", prefix: 16, internal: false }])
      assert.lengthOf(network.asked, before + 1)
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(network.asked, before + 3)
      yield* network.send("10.1.200.7", ...announced("opencode-4096", 4096))
      assert.hasAllKeys(yield* network.find, ["http://10.1.200.7:4096"])
    }),
  )

  it.effect("reports a network that cannot be queried, and still announces services that are received", () =>
    Effect.gen(function* () {
      const network = yield* join({ trouble: "needs the npm package" })
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      const found = yield* network.scan
      assert.deepStrictEqual(found.problems, [{ source: "mdns", reason: "needs the npm package" }])
      assert.lengthOf(found.announcements, 1)
      yield* network.trouble(undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* network.scan).problems, [])
    }),
  )

  it.effect("no probe takes longer than the probe timeout", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { probeTimeout: 200 } })
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.scan
      assert.isNotEmpty(network.identified)
      for (const { timeout } of network.identified) assert.strictEqual(timeout, 200)
    }),
  )

  it.effect("announces a service that does not answer, without the password", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { allow: ["*"] } })
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.send("192.168.1.8", ...announced("opencode-4096", 4096))
      network.verdicts.set("http://192.168.1.8:4096", notOpencode)
      for (const { name, passwordWithheld } of Object.values(yield* network.find)) {
        assert.match(name, /^192-168-1-[78]-opencode-4096$/u)
        assert.include(passwordWithheld, "has not yet answered as an opencode")
      }
      const strict = yield* join()
      yield* strict.send("192.168.1.7", ...announced("opencode-4096", 4096))
      assert.deepStrictEqual((yield* strict.find)["http://192.168.1.7:4096"]?.passwordRemedy, {
        _tag: "AllowMdns",
        address: "192.168.1.7",
      })
    }),
  )

  it.effect("withholds the password from services that MDNS_ALLOW does not match, and says how to allow them", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { allow: ["build.local"] } })
      const [untrusted, allowed] = ["http://192.168.1.7:4096", "http://192.168.1.8:4097"]
      network.verdicts.set(untrusted, opencodeWithPassword).set(allowed, opencodeWithPassword)
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.send("192.168.1.8", ...announced("opencode-4097", 4097, 120, "Build.local"))
      const found = yield* network.find
      assert.strictEqual(found[untrusted]?.passwordWithheld, "any device on the network can announce an opencode")
      assert.deepStrictEqual(found[untrusted]?.passwordRemedy, { _tag: "AllowMdns", address: "192.168.1.7" })
      assert.isUndefined(found[allowed]?.passwordRemedy)
      assert.isUndefined(found[allowed]?.passwordWithheld)
      assert.deepStrictEqual(
        Object.fromEntries(network.identified.map(({ mayHavePassword, url }) => [url, mayHavePassword])),
        { [untrusted]: false, [allowed]: true },
      )
    }),
  )
})
