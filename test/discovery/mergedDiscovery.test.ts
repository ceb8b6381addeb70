import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Discovery, type Scan } from "../../src/discovery/Discovery.ts"
import * as MergedDiscovery from "../../src/discovery/mergedDiscovery.ts"
import { announcement } from "./announcements.ts"

const finds = (name: string, port: number): Scan => ({
  announcements: [announcement(name, port, { transport: name })],
  problems: [],
})

const scanning = (scan: Effect.Effect<Scan>, changes: Stream.Stream<void> = Stream.empty) =>
  Layer.succeed(Discovery, { scan, changes })

const names = ({ announcements }: Scan) => announcements.map(({ name }) => name)

/** Scans while a minute passes. */
const scanned = Effect.fnUntraced(function* (discovery: Discovery["Service"]) {
  const scan = yield* Effect.forkChild(discovery.scan)
  yield* TestClock.adjust("1 minute")
  return yield* Fiber.join(scan)
})

const merged = (transports: Readonly<Record<string, Layer.Layer<Discovery>>>) =>
  Effect.map(Layer.build(MergedDiscovery.layer(transports)), Context.get(Discovery))

describe("Several transports", () => {
  it.effect("are scanned at the same time, and each reports its duration and result", () =>
    Effect.gen(function* () {
      const discovery = yield* merged({
        one: scanning(Effect.delay(Effect.succeed(finds("one", 1)), "2 seconds")),
        other: scanning(Effect.delay(Effect.succeed(finds("other", 2)), "3 seconds")),
      })
      const scan = yield* scanned(discovery)
      assert.deepStrictEqual(names(scan), ["one", "other"])
      assert.deepStrictEqual(scan.reports, [
        { transport: "one", scannedAt: 0, duration: 2000, found: 1, problems: [] },
        { transport: "other", scannedAt: 0, duration: 3000, found: 1, problems: [] },
      ])
    }),
  )

  it.effect("survive one that dies or hangs, whose last result stays, with a problem", () =>
    Effect.gen(function* () {
      let scans = 0
      const first = (then: Effect.Effect<Scan>, found: Scan) =>
        Effect.suspend(() => (scans < 2 ? Effect.succeed(found) : then)).pipe(
          Effect.tap(Effect.sync(() => (scans += 1))),
        )
      const discovery = yield* merged({
        well: scanning(Effect.succeed(finds("well", 1))),
        dying: scanning(first(Effect.die(new Error("no such thing")), finds("dying", 2))),
        hanging: scanning(first(Effect.never, finds("hanging", 3))),
      })
      assert.deepStrictEqual(names(yield* scanned(discovery)), ["well", "dying", "hanging"])
      const scan = yield* scanned(discovery)
      assert.deepStrictEqual(names(scan), ["well", "dying", "hanging"])
      assert.deepStrictEqual(
        scan.problems.map(({ source }) => source),
        ["dying", "hanging"],
      )
      assert.match(scan.problems[0]?.reason ?? "", /^could not be scanned: .*no such thing.*$/u)
      assert.strictEqual(scan.reports?.find(({ transport }) => transport === "hanging")?.duration, 15_000)
    }),
  )

  it.effect("survive one that cannot be interrupted, which is not scanned again before it ends", () =>
    Effect.gen(function* () {
      let scans = 0
      const slow = Effect.sync(() => (scans += 1)).pipe(
        Effect.andThen(Effect.delay(Effect.succeed(finds("slow", 2)), "1 hour")),
        Effect.uninterruptible,
      )
      const discovery = yield* merged({ well: scanning(Effect.succeed(finds("well", 1))), slow: scanning(slow) })
      for (const reason of ["was not scanned within", "has been stuck"]) {
        const fiber = yield* Effect.forkChild(discovery.scan)
        yield* TestClock.adjust("15 seconds")
        const scan = fiber.pollUnsafe()
        assert.isTrue(scan !== undefined && Exit.isSuccess(scan))
        assert.deepStrictEqual(names(yield* Fiber.join(fiber)), ["well"])
        assert.include((yield* Fiber.join(fiber)).problems[0]?.reason, reason)
        assert.strictEqual(scans, 1)
      }
      yield* TestClock.adjust("1 hour")
      yield* Effect.forkChild(discovery.scan)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(scans, 2)
      yield* TestClock.adjust("1 hour")
    }),
  )

  it.effect("survive one that cannot be started, or whose changes fail, with a problem", () =>
    Effect.gen(function* () {
      const changes = yield* Queue.unbounded<void>()
      const discovery = yield* merged({
        absent: Layer.effect(Discovery, Effect.die(new Error("no such module"))),
        deaf: scanning(Effect.succeed(finds("deaf", 1)), Stream.die(new Error("deaf"))),
        well: scanning(Effect.succeed(finds("well", 2)), Stream.fromQueue(changes)),
      })
      const scan = yield* discovery.scan
      assert.deepStrictEqual(names(scan), ["deaf", "well"])
      assert.deepStrictEqual(
        scan.problems.map(({ source }) => source),
        ["absent"],
      )
      assert.include(scan.problems[0]?.reason, "no such module")
      const heard = yield* Effect.forkChild(Stream.runCollect(Stream.take(discovery.changes, 1)))
      yield* TestClock.adjust("1 second")
      yield* Queue.offer(changes, undefined)
      assert.lengthOf(yield* Fiber.join(heard), 1)
    }),
  )

  it.effect("survive one that hangs while it starts, and use it as soon as it has started", () =>
    Effect.gen(function* () {
      const building = yield* Effect.forkChild(
        merged({
          slow: Layer.effect(
            Discovery,
            Effect.delay(
              Effect.succeed(Discovery.of({ scan: Effect.succeed(finds("slow", 1)), changes: Stream.empty })),
              "1 minute",
            ),
          ),
          hanging: Layer.effect(Discovery, Effect.never),
          well: scanning(Effect.succeed(finds("well", 2))),
        }),
      )
      yield* TestClock.adjust("2 seconds")
      assert.isDefined(building.pollUnsafe())
      const discovery = yield* Fiber.join(building)
      const first = yield* Effect.forkChild(discovery.scan)
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(names(yield* Fiber.join(first)), ["well"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(names(yield* scanned(discovery)), ["slow", "well"])
    }),
  )

  it.effect("keep their names when they are merged again", () =>
    Effect.gen(function* () {
      const inner = MergedDiscovery.layer({
        one: scanning(Effect.succeed(finds("one", 1))),
        other: scanning(Effect.succeed(finds("other", 2))),
      })
      const discovery = yield* merged({ inner, mine: scanning(Effect.succeed(finds("mine", 3))) })
      const { reports = [] } = yield* discovery.scan
      assert.deepStrictEqual(
        reports.map(({ transport }) => transport),
        ["one", "other", "mine"],
      )
    }),
  )

  it.effect("each emit changes", () =>
    Effect.gen(function* () {
      const [one, other] = yield* Effect.all([Queue.unbounded<void>(), Queue.unbounded<void>()])
      const discovery = yield* merged({
        one: scanning(Effect.succeed(finds("one", 1)), Stream.fromQueue(one)),
        other: scanning(Effect.succeed(finds("other", 2)), Stream.fromQueue(other)),
      })
      const heard = yield* Effect.forkChild(Stream.runCollect(Stream.take(discovery.changes, 2)))
      yield* Queue.offer(other, undefined)
      yield* Queue.offer(one, undefined)
      assert.lengthOf(yield* Fiber.join(heard), 2)
    }),
  )
})
