/** Any device on the network can send anything, and any amount of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { HostileText, hostileText } from "../relay/hostile.ts"
import { announced, join, kind, location, pointer } from "./network.ts"

const Anything = Schema.Union([HostileText, Schema.Finite, Schema.Null, Schema.Boolean, Schema.String])

/** Nearly valid, so that each field receives unexpected values. */
const Record = Schema.Struct({
  type: Schema.Union([Schema.Literals(["PTR", "SRV"]), Anything]),
  name: Schema.Union([Schema.Literals(["kind", "instance", "hostile"]), Anything]),
  text: HostileText,
  ttl: Schema.Union([Schema.Literals([0, 1, 120, 4_294_967_295]), Anything]),
  data: Schema.Union([Schema.Literals(["instance", "place", "hostile"]), Anything]),
  port: Schema.Union([Schema.Literals([0, 1, 4096, 65_535, 65_536, -1, 4096.5]), Anything]),
})

const written = ({ data, name, port, text, ttl, type }: typeof Record.Type) => {
  const hostile = `opencode-${hostileText(text)}`
  const instance = `${hostile}.${kind}`
  return {
    type,
    ttl,
    name: name === "kind" ? kind : name === "instance" ? instance : name === "hostile" ? hostile : name,
    data:
      data === "instance"
        ? instance
        : data === "place"
          ? { port, target: hostile }
          : data === "hostile"
            ? hostile
            : data,
  }
}

describe("a hostile network", () => {
  it.effect.prop(
    "whatever is sent, what is announced is printable, one line long, and can be connected to",
    [Schema.Array(Schema.Union([Record, Record, Anything]))],
    ([records]) =>
      Effect.gen(function* () {
        const network = yield* join()
        yield* network.send(
          "192.168.1.7",
          ...records.map((record) => (record instanceof Object && "type" in record ? written(record) : record)),
        )
        const { announcements } = yield* network.scan
        for (const { host, name, source, url } of announcements) {
          assert.match(url, /^http:\/\/192\.168\.1\.7:[1-9]\d{0,4}$/u)
          assert.isAtMost(Number(new URL(url).port || 80), 65_535)
          for (const shown of [host, name, source]) {
            assert.notMatch(shown, /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u)
            assert.isNotEmpty(shown)
            assert.isAtMost(shown.length, 400)
          }
        }
      }),
  )

  it.effect("ignores invalid records, other services, and names that only resemble opencode's", () =>
    Effect.gen(function* () {
      const network = yield* join()
      const good = location("opencode-1", 4096)
      yield* network.send(
        "192.168.1.7",
        undefined,
        null,
        7,
        "SRV",
        [],
        {},
        { ...good, type: "srv" },
        { ...good, type: "OPT" },
        { ...good, data: null },
        { ...good, data: Buffer.from("opencode") },
        { ...good, data: { port: "4096", target: "x" } },
        { ...good, data: { port: 0, target: "x" } },
        { ...good, data: { port: 65_536, target: "x" } },
        { ...good, data: { port: 4096 } },
        { ...good, ttl: -1 },
        { ...good, ttl: Number.NaN },
        { ...good, ttl: "120" },
        { ...good, name: ["opencode-1", "_http", "_tcp", "local"] },
        location("printer", 80),
        location("opencode-", 4096),
        location("my opencode-1", 4096),
        location(`opencode-${"x".repeat(55)}`, 4096),
        { ...good, name: "opencode-1._ipp._tcp.local" },
        { ...good, name: "opencode-1._http._tcp.example.com" },
        { ...pointer("opencode-2"), name: "_ipp._tcp.local" },
        { ...pointer("opencode-3"), data: "opencode-3" },
      )
      assert.strictEqual(network.changes(), 0)
      assert.lengthOf(network.asked, 1)
      assert.deepStrictEqual((yield* network.scan).announcements, [])
      yield* network.send("192.168.1.7", good)
      assert.lengthOf((yield* network.scan).announcements, 1)
    }),
  )

  it.effect("bounds the services per host and in all, and reports the rest as one problem", () =>
    Effect.gen(function* () {
      const network = yield* join()
      yield* network.send("192.168.1.7", ...announced("opencode-kept", 4096))
      const many = Array.from({ length: 1000 }, (_, index) => location(`opencode-${index}`, index + 1))
      yield* network.send("192.168.1.8", ...many)
      const one = yield* network.scan
      assert.lengthOf(one.announcements, 65)
      assert.lengthOf(one.problems, 1)
      assert.include(one.problems[0]?.reason, "too many services are announced")
      for (let host = 9; host < 250; host++) yield* network.send(`192.168.1.${host}`, ...many)
      const all = yield* network.scan
      assert.lengthOf(all.announcements, 1000)
      assert.lengthOf(all.problems, 1)
      assert.strictEqual(all.announcements[0]?.url, "http://192.168.1.7:4096")
    }),
  )

  it.effect("when a flood is over, the problem disappears and new services are accepted", () =>
    Effect.gen(function* () {
      const network = yield* join()
      for (let host = 9; host < 250; host++) {
        yield* network.send(
          `192.168.1.${host}`,
          ...Array.from({ length: 10 }, (_, index) => location(`opencode-${index}`, index + 1, 4_294_967_295)),
          ...Array.from({ length: 100 }, (_, index) => pointer(`opencode-name-${index}`, 4_294_967_295)),
        )
      }
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      assert.notProperty(yield* network.find, "http://192.168.1.7:4096")
      yield* TestClock.adjust("76 minutes")
      yield* network.send("192.168.1.7", ...announced("opencode-4096", 4096))
      const { announcements, problems } = yield* network.scan
      assert.deepStrictEqual(problems, [])
      assert.lengthOf(announcements, 1)
    }),
  )

  it.effect("a service that moves with every packet causes a few scans, and then one every five seconds", () =>
    Effect.gen(function* () {
      const network = yield* join()
      for (let packet = 0; packet < 1000; packet++) {
        yield* network.send("192.168.1.7", location("opencode-4096", 1 + packet))
        yield* TestClock.adjust("10 millis")
      }
      assert.isAtMost(network.changes(), 8)
      assert.hasAllKeys(yield* network.find, ["http://192.168.1.7:1000"])
      yield* TestClock.adjust("10 seconds")
      const settled = network.changes()
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(network.changes(), settled)
    }),
  )

  it.effect("names without a location cause few questions, and not forever", () =>
    Effect.gen(function* () {
      const network = yield* join()
      const before = network.asked.length
      for (let packet = 0; packet < 200; packet++) {
        yield* network.send("192.168.1.7", ...Array.from({ length: 60 }, (_, index) => pointer(`opencode-${index}`)))
        yield* TestClock.adjust("50 millis")
      }
      const questions = network.asked.slice(before).filter((one) => one.questions.some(({ type }) => type === "SRV"))
      assert.isAtMost(questions.length, 12)
      for (const one of questions) assert.isAtMost(one.questions.length, 16)
      yield* TestClock.adjust("15 seconds")
      yield* network.send("192.168.1.8", pointer("opencode-new"))
      assert.deepStrictEqual(network.asked.at(-1)?.questions, [{ type: "SRV", name: `opencode-new.${kind}` }])
    }),
  )
})
