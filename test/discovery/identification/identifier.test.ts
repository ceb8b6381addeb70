import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Identification, type Verdict } from "../../../src/discovery/identification/Identification.ts"
import { type Candidate, identifier } from "../../../src/discovery/identification/identifier.ts"
import { opencodeWithPassword, notOpencode, opencodeIn, refused, silent } from "../verdicts.ts"

const opencode = opencodeIn("/work/shop")
const openButMute: Verdict = { _tag: "Opencode", api: 1, requiresPassword: false, location: undefined }

const candidate = (port: number, rest: Partial<Candidate> = {}): Candidate => ({
  key: String(port),
  url: `http://127.0.0.1:${port}`,
  mayHavePassword: false,
  likely: false,
  ...rest,
})

const options = { concurrency: 2, timeout: 1000, timeBudget: "4 seconds" } as const

/** An identifier over simulated ports, with a record of the probed ones. */
const setup = Effect.fnUntraced(function* () {
  const verdicts = new Map<number, Effect.Effect<Verdict>>()
  const asked: Array<number> = []
  const identify = yield* Effect.provideService(identifier(options), Identification, {
    identify: ({ url }) =>
      Effect.suspend(() => {
        const port = Number(new URL(url).port)
        asked.push(port)
        return verdicts.get(port) ?? Effect.succeed(notOpencode)
      }),
    fingerprintOf: () => Effect.succeedNone,
  })
  return {
    identify,
    answer: (port: number, verdict: Verdict) => verdicts.set(port, Effect.succeed(verdict)),
    hang: (port: number) => verdicts.set(port, Effect.delay(Effect.succeed(silent), "1 second")),
    /** The ports probed since the last call. */
    asked: () => asked.splice(0),
  }
})

const ports = (found: { readonly opencodes: ReadonlyArray<{ readonly candidate: Candidate }> }) =>
  found.opencodes.map(({ candidate }) => Number(candidate.key))

describe("An identifier", () => {
  it.effect("finds opencodes and their directories", () =>
    Effect.gen(function* () {
      const { answer, identify } = yield* setup()
      answer(2, opencode)
      const found = yield* identify([candidate(1), candidate(2), candidate(3)])
      assert.deepStrictEqual(found, {
        opencodes: [{ candidate: candidate(2), identity: opencode }],
        others: [candidate(1), candidate(3)],
        unprobed: 0,
      })
    }),
  )

  it.effect("probes other servers at most once per minute", () =>
    Effect.gen(function* () {
      const { answer, asked, identify } = yield* setup()
      answer(2, silent)
      yield* identify([candidate(1), candidate(2)])
      assert.deepStrictEqual(asked(), [1, 2])
      yield* TestClock.adjust(59_999)
      yield* identify([candidate(1), candidate(2)])
      assert.deepStrictEqual(asked(), [])
      yield* TestClock.adjust(1)
      answer(1, opencode)
      assert.deepStrictEqual(ports(yield* identify([candidate(1), candidate(2)])), [1])
    }),
  )

  it.effect("probes a new server on the same port immediately", () =>
    Effect.gen(function* () {
      const { answer, identify } = yield* setup()
      yield* identify([candidate(1)])
      answer(1, opencode)
      assert.lengthOf(ports(yield* identify([candidate(1)])), 0)
      assert.lengthOf(ports(yield* identify([candidate(1, { key: "another socket" })])), 1)
    }),
  )

  it.effect("probes likely and refused candidates at every scan, and soon opencodes whose directory is unknown", () =>
    Effect.gen(function* () {
      const { answer, asked, identify } = yield* setup()
      answer(2, refused)
      answer(3, opencodeWithPassword)
      answer(4, opencode)
      const all = [candidate(1, { likely: true }), candidate(2), candidate(3), candidate(4)]
      yield* identify(all)
      assert.deepStrictEqual(asked(), [1, 2, 3, 4])
      yield* identify(all)
      assert.deepStrictEqual(asked(), [1, 2])
      yield* TestClock.adjust("10 seconds")
      yield* identify(all)
      assert.deepStrictEqual(asked(), [1, 2, 3])
    }),
  )

  it.effect("keeps the verdict about another server while it does not answer", () =>
    Effect.gen(function* () {
      const { answer, identify } = yield* setup()
      answer(1, notOpencode)
      yield* identify([candidate(1)])
      answer(1, silent)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* identify([candidate(1)])).others, [candidate(1)])
    }),
  )

  it.effect("probes an opencode whose connection broke at the next scan, and then as any other", () =>
    Effect.gen(function* () {
      const { answer, asked, identify } = yield* setup()
      const again = () => Effect.map(identify([candidate(1)]), ports)
      answer(1, opencode)
      yield* again()
      answer(1, { _tag: "Other" })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* again(), [])
      answer(1, opencode)
      assert.deepStrictEqual(yield* again(), [1])
      answer(1, { _tag: "Other" })
      yield* TestClock.adjust("1 minute")
      yield* Effect.all([again(), again()])
      asked()
      assert.deepStrictEqual(yield* again(), [])
      assert.deepStrictEqual(asked(), [])
    }),
  )

  it.effect("keeps the verdict and the directory of a stuck opencode until it answers otherwise", () =>
    Effect.gen(function* () {
      const { answer, identify } = yield* setup()
      answer(1, opencode)
      yield* identify([candidate(1)])
      for (const verdict of [silent, openButMute]) {
        answer(1, verdict)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* identify([candidate(1)])).opencodes, [
          { candidate: candidate(1), identity: opencode },
        ])
      }
      answer(1, notOpencode)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(ports(yield* identify([candidate(1)])), 0)
    }),
  )

  it.effect(
    "stops when its time is up and continues there the next time, likely candidates first and the most recently probed last",
    () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 day")
        const { answer, asked, hang, identify } = yield* setup()
        const all = Array.from({ length: 20 }, (_, index) => candidate(index + 1, { likely: index === 19 }))
        for (const { key } of all) hang(Number(key))
        answer(20, opencode)
        const scan = Effect.gen(function* () {
          const scanning = yield* Effect.forkChild(identify(all))
          yield* TestClock.adjust("5 seconds")
          return yield* Fiber.join(scanning)
        })
        const first = yield* scan
        assert.deepStrictEqual(ports(first), [20])
        assert.strictEqual(asked()[0], 20)
        assert.strictEqual(first.unprobed, 11)
        const second = yield* scan
        assert.deepStrictEqual(asked(), [9, 10, 11, 12, 13, 14, 15, 16])
        assert.strictEqual(second.unprobed, 3)
        yield* TestClock.adjust("1 minute")
        yield* scan
        assert.deepStrictEqual(asked(), [20, 17, 18, 19, 1, 2, 3, 4, 5])
      }),
  )
})
