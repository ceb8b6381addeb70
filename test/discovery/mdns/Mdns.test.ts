/** Opencodes appear on the network, move, and go. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { lockedOpencode, notOpencode, opencodeIn, refused, silent } from "../verdicts.ts"
import { announced, join, kind, location, pointer } from "./network.ts"

const browsing = { type: "PTR", name: kind } as const

describe("mdns", () => {
  it.effect("asks the network at each scan, and announces whoever answers where it said that it is", () =>
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

  it.effect("the first scan waits for answers, for nobody has been heard yet", () =>
    Effect.gen(function* () {
      const present = [{ address: "192.168.1.7", records: announced("opencode-4096", 4096) }]
      const { first } = yield* join({ present })
      assert.deepStrictEqual(
        first.announcements.map(({ url }) => url),
        ["http://192.168.1.7:4096"],
      )
    }),
  )

  it.effect("does not ask the network more than once a second, however often somebody looks", () =>
    Effect.gen(function* () {
      const network = yield* join()
      for (let look = 0; look < 30; look++) {
        yield* network.scan
        yield* TestClock.adjust("100 millis")
      }
      assert.isAtMost(network.asked.length, 5)
    }),
  )

  it.effect("says at once that one has come, and nothing when it only says so again", () =>
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
  ] as const)("one that says goodbye is gone at once: %s", ([, goodbye]) =>
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

  it.effect("one that is silent for as long as its word holds is gone, and the fleet is told", () =>
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

  it.effect("a scan finds nobody whose word has just expired", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096, 2))
      yield* TestClock.adjust(1999)
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.7:4096"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* network.find, {})
    }),
  )

  it.effect("asks again before a word expires, also when nobody scans, so that who is still there stays", () =>
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
    "one that does not answer, and at whose port nothing listens any more, is gone soon: opencode says no goodbye",
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

  it.effect(
    "one that does not answer is asked at its port after each question once, and not before it had time to",
    () =>
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

  it.effect("who answers is not asked at its port, whether it listens there or not", () =>
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

  it.effect("follows one to another port", () =>
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

  it.effect("asks where one is that has only said its name, and announces it when it has answered", () =>
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

  it.effect("does not ask where one is that has said so meanwhile", () =>
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

  it.effect("takes the same name on two hosts for two instances", () =>
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

  it.effect(
    "names an instance by its host where that has a name of its own, and by this machine's where it is here",
    () =>
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

  it.effect("names one that nobody trusts by its address, so that it cannot take another one's name", () =>
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

  it.effect("does not list what answers, and not as opencode does, and asks it once a minute", () =>
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

  it.effect("asks one that may have the password at each scan until it answers as opencode does", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { allow: ["192.168.1.7"] } })
      const url = "http://192.168.1.7:4096"
      network.verdicts.set(url, silent)
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      assert.include((yield* network.find)[url]?.passwordWithheld, "has not yet answered")
      network.verdicts.set(url, lockedOpencode)
      assert.isUndefined((yield* network.find)[url]?.passwordWithheld)
    }),
  )

  it.effect("keeps the name of one that answers no longer", () =>
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

  it.effect("hears nobody who is not on one of this machine's networks", () =>
    Effect.gen(function* () {
      const network = yield* join()
      for (const address of ["192.168.2.7", "8.8.8.8", "10.0.0.1", "::1", "fe80::1%eth0", "not an address", ""]) {
        yield* network.send(address, ...announced("opencode-4096", 4096))
      }
      assert.strictEqual(network.changes(), 0)
      assert.deepStrictEqual(yield* network.find, {})
    }),
  )

  it.effect("on another network it asks at once, and again, and forgets who was on the one before", () =>
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

  it.effect("a network that cannot be asked is a problem, and who is heard all the same is announced", () =>
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

  it.effect("nobody is asked for longer than a health check may take", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { probeTimeout: 200 } })
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.scan
      assert.isNotEmpty(network.identified)
      for (const { timeout } of network.identified) assert.strictEqual(timeout, 200)
    }),
  )

  it.effect("one that does not answer as an opencode is announced, without the password", () =>
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
      assert.include((yield* strict.find)["http://192.168.1.7:4096"]?.passwordWithheld, "MDNS_ALLOW=192.168.1.7")
    }),
  )

  it.effect("the password is withheld from whoever is not allowed by name, with the way out, and not from others", () =>
    Effect.gen(function* () {
      const network = yield* join({ options: { allow: ["build.local"] } })
      const [untrusted, allowed] = ["http://192.168.1.7:4096", "http://192.168.1.8:4097"]
      network.verdicts.set(untrusted, lockedOpencode).set(allowed, lockedOpencode)
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      yield* network.send("192.168.1.8", ...announced("opencode-4097", 4097, 120, "Build.local"))
      const found = yield* network.find
      assert.strictEqual(
        found[untrusted]?.passwordWithheld,
        "any device on the network can announce an opencode; MDNS_ALLOW=192.168.1.7 trusts this one",
      )
      assert.isUndefined(found[allowed]?.passwordWithheld)
      assert.deepStrictEqual(
        Object.fromEntries(network.identified.map(({ mayHavePassword, url }) => [url, mayHavePassword])),
        { [untrusted]: false, [allowed]: true },
      )
    }),
  )
})
