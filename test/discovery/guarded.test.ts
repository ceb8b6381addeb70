import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Announcement, Discovery, Scan } from "../../src/discovery/Discovery.ts"
import { guarded, ScanTimeout } from "../../src/discovery/guarded.ts"
import { announcement } from "./announcements.ts"

const scanning = (scan: Effect.Effect<Scan>): Discovery["Service"] => ({ scan, changes: Stream.never })

const finds = (...announcements: ReadonlyArray<Announcement>): Scan => ({ announcements, problems: [] })

const names = ({ announcements }: Scan) => announcements.map(({ name }) => name)

/** A scan that waits at most 2 seconds, while time passes. */
const quickly = (scan: Effect.Effect<Scan>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.provideService(scan, ScanTimeout, Duration.seconds(2)))
    yield* TestClock.adjust("2 seconds")
    const exit = fiber.pollUnsafe()
    assert.isDefined(exit, "the scan is over in time")
    return yield* Fiber.join(fiber)
  })

describe("A guarded discovery", () => {
  it.effect("turns each announcement that cannot be used into a problem that names its source", () =>
    Effect.gen(function* () {
      const { scan } = yield* guarded(
        "mine",
        scanning(
          Effect.succeed(
            finds(
              announcement("good", 4096),
              announcement("bare", 1, { url: "127.0.0.1:4096", source: "line 1" }),
              announcement("scheme", 1, { url: "localhost:4096", source: "line 2" }),
              announcement("file", 1, { url: "file:///etc/passwd", source: "line 3" }),
              announcement("  ", 1, { source: "line 4" }),
              announcement("alias", 1, { aliases: ["nowhere"], source: "" }),
              announcement("secret", 1, { url: "http://ada:hunter2-Zk9@127.0.0.1:1", source: "line 6" }),
              announcement("secret", 1, { url: "ada:hunter2-Zk9@127.0.0.1:1", source: "line 7" }),
              // What JavaScript may announce.
              null as never,
              announcement("aliases", 1, { aliases: "http://127.0.0.1:1" as never, source: "line 9" }),
            ),
          ),
        ),
      )
      const result = yield* scan
      assert.deepStrictEqual(names(result), ["good"])
      assert.deepStrictEqual(
        result.problems.map(({ source }) => source),
        ["line 1", "line 2", "line 3", "line 4", "mine", "line 6", "line 7", "mine", "line 9"],
      )
      assert.include(result.problems[0]?.reason, "127.0.0.1:4096")
      assert.notInclude(JSON.stringify(result), "hunter2")
    }),
  )

  it.effect("removes control characters from names and hosts, and shortens them", () =>
    Effect.gen(function* () {
      const { scan } = yield* guarded(
        "mine",
        scanning(
          Effect.succeed(
            finds(announcement("a\u001B[31m\npi", 1, { host: "h\u001B[1mx" }), announcement("b".repeat(10_000), 2)),
          ),
        ),
      )
      const found = yield* scan
      const [first, second = ""] = names(found)
      assert.strictEqual(found.announcements[0]?.host, "h[1mx")
      assert.strictEqual(first, "a[31m pi")
      assert.isBelow(second.length, 300)
    }),
  )

  it.effect("survives a scan that dies, and keeps what the last one found", () =>
    Effect.gen(function* () {
      let dies = false
      const { scan } = yield* guarded(
        "mine",
        scanning(
          Effect.suspend(() => (dies ? Effect.die(new Error("oh no")) : Effect.succeed(finds(announcement("api", 1))))),
        ),
      )
      yield* scan
      dies = true
      const result = yield* scan
      assert.deepStrictEqual(names(result), ["api"])
      // Without the stack trace, because people and models read it.
      assert.strictEqual(result.problems[0]?.reason, "could not be scanned: oh no")
    }),
  )

  it.effect("survives a scan that returns an invalid value", () =>
    Effect.gen(function* () {
      const { scan } = yield* guarded("mine", scanning(Effect.succeed(undefined as never)))
      assert.deepStrictEqual(
        (yield* scan).problems.map(({ source }) => source),
        ["mine"],
      )
    }),
  )

  it.effect("goes on without a slow scan, and the next one shows what it found", () =>
    Effect.gen(function* () {
      let scans = 0
      const slow = Effect.sync(() => (scans += 1)).pipe(
        Effect.andThen(Effect.delay(Effect.succeed(finds(announcement("api", 1))), "3 seconds")),
      )
      const { scan } = yield* guarded("mine", scanning(slow))
      const first = yield* quickly(scan)
      assert.isTrue(first.incomplete)
      assert.include(first.problems[0]?.reason, "is still being scanned")
      const second = yield* quickly(scan)
      assert.deepStrictEqual(second, finds(announcement("api", 1)))
      assert.strictEqual(scans, 1)
    }),
  )

  it.effect("interrupts a scan that hangs after 15 seconds, and scans anew", () =>
    Effect.gen(function* () {
      let scans = 0
      const hanging = Effect.suspend(() =>
        ++scans === 1 ? Effect.never : Effect.succeed(finds(announcement("api", 1))),
      )
      const { scan } = yield* guarded("mine", scanning(hanging))
      yield* quickly(scan)
      const second = yield* Effect.forkChild(scan)
      yield* TestClock.adjust("13 seconds")
      assert.include((yield* Fiber.join(second)).problems[0]?.reason, "within 15 seconds")
      assert.deepStrictEqual(names(yield* scan), ["api"])
    }),
  )

  it.effect("interrupts a scan that was left behind when its scope closes", () =>
    Effect.gen(function* () {
      let interrupted = false
      const hanging = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const scope = yield* Scope.make()
      const { scan } = yield* Scope.provide(guarded("mine", scanning(hanging)), scope)
      yield* quickly(scan)
      assert.isFalse(interrupted)
      yield* Scope.close(scope, Exit.void)
      yield* Effect.yieldNow
      assert.isTrue(interrupted)
    }),
  )
})
