import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Context, Effect, Exit, Fiber, Layer, Queue, Redacted, Ref, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Discovery, type Scan } from "../../src/discovery/Discovery.ts"
import * as MergedDiscovery from "../../src/discovery/mergedDiscovery.ts"
import { Fleet } from "../../src/fleet/Fleet.ts"
import type { Snapshot } from "../../src/fleet/Snapshot.ts"
import { HealthCheck } from "../../src/fleet/HealthCheck.ts"
import type { HealthState, Instance } from "../../src/fleet/Instance.ts"
import { type ClientError, InstanceUnreachable, RequestTimeout } from "../../src/opencode/errors.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import type { Target } from "../../src/opencode/Target.ts"
import { announcement } from "../discovery/announcements.ts"
import { healthy, interval, type Setup, scanTime, start, unidentified } from "../discovery/fakes.ts"
import { hanging, httpLayer, online } from "../discovery/http.ts"

const names = ({ instances }: Snapshot) => instances.map(({ name }) => name)

const url = (port: number) => `http://127.0.0.1:${port}`

/** A fleet after its first refresh. */
const settled = Effect.fnUntraced(function* (...[first, settings]: Parameters<typeof start>) {
  const setup = yield* start(first, settings)
  yield* TestClock.adjust(scanTime)
  return setup
})

/** Forks an effect, and runs it until it waits for the clock or ends. */
const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.tap(Effect.forkChild(effect), TestClock.adjust(0))

const scans = (setup: Setup, expected: number) =>
  Effect.map(setup.scans, (count) => assert.strictEqual(count, expected))

const found = (...announcements: Scan["announcements"]) => Effect.succeed<Scan>({ announcements, problems: [] })

/** A fleet over a given discovery and health check. */
const customFleet = Effect.fnUntraced(function* (
  discovery: Discovery["Service"],
  health: Layer.Layer<HealthCheck> = healthy,
) {
  const scans = yield* Ref.make(0)
  const scan = Effect.andThen(
    Ref.update(scans, (count) => count + 1),
    discovery.scan,
  )
  const services = yield* Layer.build(
    Fleet.layer({ refreshEvery: interval }).pipe(
      Layer.provide([health, unidentified, Layer.succeed(Discovery, { ...discovery, scan })]),
    ),
  )
  return { fleet: Context.get(services, Fleet), scans: Ref.get(scans) }
})

/** A fleet whose scans with these numbers die. */
const dyingFleet = Effect.fnUntraced(function* (...deaths: ReadonlyArray<number>) {
  const changes = yield* Queue.unbounded<void>()
  let count = 0
  const scan = Effect.sleep(scanTime).pipe(
    Effect.andThen(
      Effect.suspend(() => (deaths.includes(++count) ? Effect.die(new Error("a bug")) : found(announcement("api", 1)))),
    ),
  )
  const fleet = yield* customFleet({ scan, changes: Stream.fromQueue(changes) })
  return { ...fleet, change: Queue.offer(changes, undefined) }
})

describe("The fleet's refreshes", () => {
  it.effect("start immediately, and again an interval after the previous one has ended", () =>
    Effect.gen(function* () {
      const setup = yield* start()
      yield* TestClock.adjust(0)
      yield* scans(setup, 1)
      yield* TestClock.adjust(scanTime + interval - 1)
      yield* scans(setup, 1)
      yield* TestClock.adjust(1)
      yield* scans(setup, 2)
      yield* TestClock.adjust(scanTime + interval - 1)
      yield* scans(setup, 2)
      yield* TestClock.adjust(1)
      yield* scans(setup, 3)
    }),
  )

  it.effect("show the current instances, sorted by name, with the problems", () =>
    Effect.gen(function* () {
      const { find, fleet } = yield* settled([announcement("old", 1)])
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["old"])
      const problem = { source: "/relay/bad.json", reason: "is not a registration" }
      yield* find([announcement("web", 3), announcement("api", 2)], [problem])
      yield* TestClock.adjust(interval + scanTime)
      const snapshot = yield* fleet.snapshot
      assert.deepStrictEqual(names(snapshot), ["api", "web"])
      assert.deepStrictEqual(snapshot.problems, [problem])
      assert.strictEqual(snapshot.refreshedAt, 2 * scanTime + interval)
    }),
  )

  it.effect("merge two announcements of one URL, and distinguish two of one name", () =>
    Effect.gen(function* () {
      const { fleet } = yield* settled([announcement("api", 1), announcement("again", 1), announcement("api", 2)])
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["api@1", "api@2"])
    }),
  )

  it.effect("show one instance for a server that two transports found, through the endpoint that answers", () =>
    Effect.gen(function* () {
      const tailnet = announcement("laptop", 3, { transport: "tailscale", aliases: [url(1)], passwordWithheld: "no" })
      const setup = yield* start([announcement("web", 1), tailnet])
      const shown = Effect.gen(function* () {
        yield* TestClock.adjust(scanTime + interval)
        const { instances } = yield* setup.fleet.snapshot
        return instances.map(({ health, lastSeen, name, passwordWithheld, transports, url }) => ({
          name,
          url,
          state: health.state,
          seen: lastSeen !== undefined,
          passwordWithheld,
          transports,
        }))
      })
      const both = { name: "web", seen: true, transports: ["local-relay", "tailscale"] }
      const first = { ...both, url: url(1), state: "online" as const, passwordWithheld: undefined }
      assert.deepStrictEqual(yield* shown, [first])
      yield* setup.make(url(1), "unreachable")
      assert.deepStrictEqual(yield* shown, [{ ...both, url: url(3), state: "online", passwordWithheld: "no" }])
      yield* setup.make(url(3), "timeout")
      assert.deepStrictEqual(yield* shown, [{ ...first, state: "unreachable" }])
    }),
  )

  it.effect("show a server as silent only after a second probe, also one that was never online", () =>
    Effect.gen(function* () {
      const answers: Array<HealthState> = ["timeout", "online", "timeout", "online", "timeout", "timeout", "timeout"]
      let probes = 0
      const health = Layer.succeed(HealthCheck, {
        probe: () =>
          Effect.sync(() => ({
            state: answers[probes++] ?? ("online" as const),
            version: undefined,
            latency: undefined,
            reason: "",
            checkedAt: probes,
          })),
      })
      const { fleet } = yield* customFleet({ scan: found(announcement("api", 1)), changes: Stream.never }, health)
      const state = Effect.map(fleet.refresh, ({ instances }) => instances[0]?.health.state)
      assert.strictEqual(yield* state, "online")
      assert.strictEqual(yield* state, "online")
      assert.strictEqual(yield* state, "timeout")
      // What was silent twice is probed once.
      assert.strictEqual(yield* state, "timeout")
      assert.strictEqual(probes, answers.length)
    }),
  )

  it.effect("after a change of one registration probe that instance only, and all when they are asked for", () =>
    Effect.gen(function* () {
      const probed: Array<string> = []
      const health = Layer.succeed(HealthCheck, {
        probe: ({ url }) =>
          Effect.map(Clock.currentTimeMillis, (checkedAt) => {
            probed.push(url)
            return { state: "online" as const, version: "1", latency: 1, reason: "", checkedAt }
          }),
      })
      const changes = yield* Queue.unbounded<void>()
      let writtenAt = 1
      const scan = Effect.suspend(() =>
        found(
          announcement("one", 1, { writtenAt: 1 }),
          announcement("two", 2, { writtenAt }),
          // Its transport does not tell whether it has been announced again.
          announcement("three", 3),
        ),
      )
      const { fleet } = yield* customFleet({ scan, changes: Stream.fromQueue(changes) }, health)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(probed.splice(0).sort(), [url(1), url(2), url(3)])
      writtenAt = 2
      yield* Queue.offer(changes, undefined)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(probed.splice(0).sort(), [url(2), url(3)])
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["one", "three", "two"])
      yield* fleet.refresh
      assert.deepStrictEqual(probed.splice(0).sort(), [url(1), url(2), url(3)])
    }),
  )

  it.effect("see what happened before the call, also during another one, and are shared by all who ask meanwhile", () =>
    Effect.gen(function* () {
      const setup = yield* settled()
      const running = yield* begin(setup.fleet.refresh)
      yield* TestClock.adjust(scanTime / 2)
      yield* setup.find([announcement("new", 1)])
      const one = yield* begin(setup.fleet.refresh)
      const other = yield* begin(setup.fleet.refresh)
      yield* TestClock.adjust(scanTime / 2)
      yield* Fiber.join(running)
      yield* TestClock.adjust(scanTime)
      const seen = yield* Fiber.join(one)
      assert.deepStrictEqual(names(seen), ["new"])
      assert.strictEqual(yield* Fiber.join(other), seen)
      yield* scans(setup, 3)
    }),
  )

  it.effect("join the first one at the start", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("api", 1)])
      const asked = yield* begin(setup.fleet.refresh)
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(names(yield* Fiber.join(asked)), ["api"])
      yield* scans(setup, 1)
    }),
  )

  it.effect("are new after the previous one has ended", () =>
    Effect.gen(function* () {
      const setup = yield* settled()
      for (const expected of [2, 3]) {
        const asked = yield* begin(setup.fleet.refresh)
        yield* TestClock.adjust(scanTime)
        yield* Fiber.join(asked)
        yield* scans(setup, expected)
      }
    }),
  )

  it.effect("continue for the callers that joined when their initiator is interrupted", () =>
    Effect.gen(function* () {
      const setup = yield* settled()
      yield* setup.find([announcement("api", 1)])
      const one = yield* begin(setup.fleet.refresh)
      const other = yield* begin(setup.fleet.refresh)
      yield* Fiber.interrupt(one)
      yield* TestClock.adjust(2 * scanTime)
      assert.deepStrictEqual(names(yield* Fiber.join(other)), ["api"])
      assert.deepStrictEqual(names(yield* setup.fleet.snapshot), ["api"])
      yield* scans(setup, 3)
    }),
  )

  it.effect("continue after all waiting callers were interrupted", () =>
    Effect.gen(function* () {
      const setup = yield* settled()
      yield* Fiber.interrupt(yield* begin(setup.fleet.refresh))
      yield* TestClock.adjust(interval + 2 * scanTime)
      const before = yield* setup.scans
      yield* TestClock.adjust(interval + scanTime)
      yield* scans(setup, before + 1)
    }),
  )

  it.effect("follow a change immediately, before the interval ends", () =>
    Effect.gen(function* () {
      const setup = yield* settled()
      yield* setup.find([announcement("new", 1)])
      yield* setup.change
      yield* TestClock.adjust(0)
      yield* scans(setup, 2)
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(names(yield* setup.fleet.snapshot), ["new"])
    }),
  )

  it.effect("run again for a change during a refresh, because it may have been missed", () =>
    Effect.gen(function* () {
      const setup = yield* settled()
      const running = yield* begin(setup.fleet.refresh)
      yield* TestClock.adjust(scanTime / 2)
      yield* setup.find([announcement("new", 1)])
      yield* setup.change
      yield* TestClock.adjust(scanTime / 2)
      assert.deepStrictEqual(names(yield* Fiber.join(running)), [])
      yield* scans(setup, 3)
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(names(yield* setup.fleet.snapshot), ["new"])
    }),
  )

  it.effect("follow a thousand changes with a few refreshes, then rest", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("a", 1)], { refreshEvery: 3_600_000 })
      yield* TestClock.adjust(scanTime)
      for (let change = 0; change < 1000; change += 1) yield* setup.change
      yield* TestClock.adjust(100 * scanTime)
      assert.isAtMost(yield* setup.scans, 5)
    }),
  )

  it.effect.each([0, 99, Number.NaN, "-1 seconds"] as const)("cannot have a pause of %s", (refreshEvery) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(start([announcement("a", 1)], { refreshEvery }))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "but must be at least 100 ms")
    }),
  )

  it.effect("continue at the interval after the stream of changes has ended", () =>
    Effect.gen(function* () {
      const { scans } = yield* customFleet({ scan: found(announcement("api", 1)), changes: Stream.empty })
      yield* TestClock.adjust(3 * interval)
      assert.strictEqual(yield* scans, 4)
    }),
  )

  it.effect("survive a defect, at the interval and at the next change", () =>
    Effect.gen(function* () {
      const { change, fleet, scans } = yield* dyingFleet(2, 4)
      yield* TestClock.adjust(scanTime)
      yield* change
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(yield* scans, 2)
      yield* change
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(yield* scans, 3)
      yield* TestClock.adjust(2 * (interval + scanTime))
      assert.isAtLeast(yield* scans, 5)
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["api"])
    }),
  )

  it.effect("are streamed one by one to subscribers, the current snapshot first", () =>
    Effect.gen(function* () {
      const { find, fleet } = yield* settled([announcement("api", 1)])
      const heard = yield* Queue.unbounded<ReadonlyArray<string>>()
      yield* begin(Stream.runForEach(fleet.changes, (snapshot) => Queue.offer(heard, names(snapshot))))
      yield* find([announcement("web", 2)])
      yield* TestClock.adjust(interval + scanTime)
      assert.deepStrictEqual(yield* Queue.takeAll(heard), [["api"], ["web"]])
    }),
  )

  it.effect("publish each instance as soon as its own probe is over", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("slow", 1), announcement("quick", 2)])
      yield* setup.slow(url(1), 1000)
      const heard = yield* Queue.unbounded<Instance>()
      yield* begin(Stream.runForEach(setup.fleet.probed, (instance) => Queue.offer(heard, instance)))
      yield* TestClock.adjust(scanTime)
      const [quick, ...others] = yield* Queue.takeAll(heard)
      assert.strictEqual(quick.name, "quick")
      assert.isEmpty(others)
      yield* TestClock.adjust(1000)
      const [slow] = yield* Queue.takeAll(heard)
      const { instances } = yield* setup.fleet.snapshot
      assert.strictEqual(instances[0], quick)
      assert.strictEqual(instances[1], slow)
    }),
  )

  it.effect("wait for no subscriber", () =>
    Effect.gen(function* () {
      const setup = yield* start(Array.from({ length: 3000 }, (_, index) => announcement(`i${index}`, index + 1)))
      yield* begin(Stream.runForEach(setup.fleet.probed, () => Effect.never))
      yield* TestClock.adjust(2 * scanTime + interval)
      assert.strictEqual((yield* setup.fleet.snapshot).refreshedAt, 2 * scanTime + interval)
    }),
  )

  it.effect("end with the fleet, and leave no caller waiting", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const setup = yield* Scope.provide(settled(), scope)
      const waiting = yield* begin(setup.fleet.refresh)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiting)))
      yield* TestClock.adjust(10 * interval)
      yield* scans(setup, 2)
    }),
  )

  it.effect("of a thousand instances, a hundred of which hang, take two timeouts at first, and then one", () =>
    Effect.gen(function* () {
      const all = Array.from({ length: 1000 }, (_, index) => announcement(`i${index}`, 10_000 + index))
      let requests = 0
      const http = httpLayer((request) => {
        requests += 1
        return (new URL(request.url).port.endsWith("7") ? hanging : online)(request)
      })
      /** They are started a few at a time. */
      const asked = (total: number) => Effect.repeat(Effect.yieldNow, { until: () => requests >= total })
      const { fleet } = yield* customFleet(
        { scan: found(...all), changes: Stream.never },
        HealthCheck.layer().pipe(Layer.provide(OpencodeV1.layer), Layer.provide(http)),
      )
      const first = yield* begin(fleet.snapshot)
      yield* asked(1000)
      yield* TestClock.adjust(5999)
      assert.isUndefined(first.pollUnsafe(), "a silent server is probed again")
      yield* TestClock.adjust(1)
      const { instances, refreshedAt } = yield* Fiber.join(first)
      const count = (state: HealthState) => instances.filter(({ health }) => health.state === state).length
      assert.deepStrictEqual([count("online"), count("timeout"), refreshedAt], [900, 100, 6000])
      const second = yield* begin(fleet.refresh)
      yield* asked(2100)
      yield* TestClock.adjust(3000)
      assert.strictEqual((yield* Fiber.join(second)).refreshedAt, 9000)
    }),
  )
})

describe("The fleet's snapshot", () => {
  it.effect("waits for the first refresh and no later one", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("api", 1)])
      const first = yield* begin(setup.fleet.snapshot)
      yield* TestClock.adjust(scanTime - 1)
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(names(yield* Fiber.join(first)), ["api"])

      yield* setup.find([])
      yield* begin(setup.fleet.refresh)
      yield* scans(setup, 2)
      // No time passes, so the refresh cannot have ended.
      assert.deepStrictEqual(names(yield* setup.fleet.snapshot), ["api"])
    }),
  )

  it.effect("fails with a defect of the first refresh instead of waiting forever", () =>
    Effect.gen(function* () {
      let probes = 0
      const dying = Layer.effect(
        HealthCheck,
        Effect.map(HealthCheck, ({ probe }) => ({
          probe: (announcement) =>
            Effect.suspend(() => (++probes === 1 ? Effect.die(new Error("a bug")) : probe(announcement))),
        })),
      ).pipe(Layer.provide(healthy))
      const scan = Effect.delay(found(announcement("api", 1)), scanTime)
      const { fleet } = yield* customFleet({ scan, changes: Stream.never }, dying)
      const first = yield* begin(fleet.snapshot)
      yield* TestClock.adjust(scanTime)
      assert.isTrue(Exit.hasDies(yield* Fiber.await(first)))
      yield* TestClock.adjust(interval + scanTime)
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["api"])
    }),
  )

  it.effect("shows a first scan that died as a problem", () =>
    Effect.gen(function* () {
      const { fleet } = yield* dyingFleet(1)
      const first = yield* begin(fleet.snapshot)
      yield* TestClock.adjust(scanTime)
      assert.include((yield* Fiber.join(first)).problems[0]?.reason, "a bug")
      yield* TestClock.adjust(interval + scanTime)
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["api"])
    }),
  )

  it.effect("remembers when an instance was last online while it is not", () =>
    Effect.gen(function* () {
      const { fleet, make } = yield* settled([announcement("api", 1), announcement("never", 2)])
      yield* make(url(2), "unreachable")
      const seen = Effect.map(fleet.snapshot, ({ instances }) =>
        instances.map(({ health, lastSeen, name }) => [name, health.state, lastSeen]),
      )
      const once = scanTime
      assert.deepStrictEqual(yield* seen, [
        ["api", "online", once],
        ["never", "online", once],
      ])
      for (const state of ["timeout", "unreachable", "unauthorized", "unhealthy"] as const) {
        yield* make(url(1), state)
        yield* TestClock.adjust(interval + scanTime)
        assert.deepStrictEqual((yield* seen)[0], ["api", state, once])
      }
      yield* make(url(1), "online")
      yield* TestClock.adjust(interval + scanTime)
      assert.deepStrictEqual((yield* seen)[0], ["api", "online", 5 * (interval + scanTime) + once])
    }),
  )

  it.effect("has no last-seen time for an instance that was never online", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("api", 1)])
      yield* setup.make(url(1), "unauthorized")
      yield* TestClock.adjust(2 * (interval + scanTime))
      assert.isUndefined((yield* setup.fleet.snapshot).instances[0]?.lastSeen)
    }),
  )

  it.effect("keeps the last-seen time of a renamed instance, by its URL", () =>
    Effect.gen(function* () {
      const { find, fleet, make } = yield* settled([announcement("api", 1)])
      yield* find([announcement("renamed", 1)])
      yield* make(url(1), "timeout")
      yield* TestClock.adjust(interval + scanTime)
      const [instance] = (yield* fleet.snapshot).instances
      assert.deepStrictEqual([instance?.name, instance?.lastSeen], ["renamed", scanTime])
    }),
  )
})

describe("A fleet over a discovery of one's own", () => {
  it.effect("shows the usable announcements, and the others as problems", () =>
    Effect.gen(function* () {
      const { fleet } = yield* customFleet({
        scan: found(announcement("api", 1), announcement("bare", 2, { url: "127.0.0.1:2" })),
        changes: Stream.empty,
      })
      const snapshot = yield* fleet.snapshot
      assert.deepStrictEqual(names(snapshot), ["api"])
      assert.deepStrictEqual(
        snapshot.problems.map(({ source }) => source),
        ["/relay/bare-2.json"],
      )
    }),
  )

  it.effect("does not wait for a scan that hangs, and scans again", () =>
    Effect.gen(function* () {
      let scans = 0
      const scan = Effect.suspend(() => (++scans === 1 ? Effect.never : found(announcement("api", 1))))
      const { fleet } = yield* customFleet({ scan, changes: Stream.empty })
      const first = yield* begin(fleet.snapshot)
      yield* TestClock.adjust("3 seconds")
      const snapshot = yield* Fiber.join(first)
      assert.deepStrictEqual(names(snapshot), [])
      assert.include(snapshot.problems[0]?.reason, "is still being scanned")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["api"])
    }),
  )

  /** A fleet over a quick transport, and one that takes 5 seconds. */
  const slowFleet = Effect.gen(function* () {
    const slow = { scan: Effect.delay(found(announcement("slow", 2)), "5 seconds"), changes: Stream.never }
    const services = yield* Layer.build(
      MergedDiscovery.layer({
        quick: Layer.succeed(Discovery, { scan: found(announcement("quick", 1)), changes: Stream.never }),
        slow: Layer.succeed(Discovery, slow),
      }),
    )
    return yield* customFleet(Context.get(services, Discovery))
  })

  it.effect("shows what the quick transports have found before the slow ones are scanned, and then all", () =>
    Effect.gen(function* () {
      const { fleet } = yield* slowFleet
      const first = yield* begin(fleet.snapshot)
      yield* TestClock.adjust("3 seconds")
      const snapshot = yield* Fiber.join(first)
      assert.deepStrictEqual(names(snapshot), ["quick"])
      assert.isTrue(snapshot.incomplete)
      const report = snapshot.reports.find(({ transport }) => transport === "slow")
      assert.include(report?.problems[0]?.reason, "is still being scanned")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(names(yield* fleet.snapshot), ["quick", "slow"])
    }),
  )

  it.effect("waits for slow transports on a refresh, and for an instance that only they may find", () =>
    Effect.gen(function* () {
      const { fleet } = yield* slowFleet
      const refreshed = yield* begin(fleet.refresh)
      const resolved = yield* begin(fleet.resolve("slow"))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(names(yield* Fiber.join(refreshed)), ["quick", "slow"])
      assert.strictEqual((yield* Fiber.join(resolved)).name, "slow")
    }),
  )
})

describe("The fleet resolves", () => {
  const fleetOf = Effect.fnUntraced(function* (states: Readonly<Record<string, HealthState>>) {
    const entries = Object.entries(states)
    const setup = yield* start(entries.map(([name], index) => announcement(name, index + 1)))
    yield* Effect.forEach(entries, ([, state], index) => setup.make(url(index + 1), state))
    yield* TestClock.adjust(scanTime)
    return setup.fleet
  })

  it.effect.each([
    ["api", "api"],
    ["API", "API"],
    ["web-ADMIN", "web-admin"],
    ["admin", "web-admin"],
    // Down, and still an instance: asking it says best what is wrong.
    ["sleeping", "sleeping"],
  ] as const)("%j to %s", ([asked, expected]) =>
    Effect.gen(function* () {
      const fleet = yield* fleetOf({ api: "online", API: "online", "web-admin": "online", sleeping: "unreachable" })
      assert.strictEqual((yield* fleet.resolve(asked)).name, expected)
    }),
  )

  it.effect("a part of several names to an error that lists them", () =>
    Effect.gen(function* () {
      const fleet = yield* fleetOf({ "web-one": "online", "web-two": "unreachable", api: "online" })
      const error = yield* Effect.flip(fleet.resolve("web"))
      assert.deepInclude(error, { _tag: "AmbiguousInstance", reference: "web", candidates: ["web-one", "web-two"] })
    }),
  )

  it.effect.each(["db", "", "  "])("%j, which matches none, to an error that lists the known names", (reference) =>
    Effect.gen(function* () {
      const fleet = yield* fleetOf({ web: "online", api: "unreachable" })
      assert.deepInclude(yield* Effect.flip(fleet.resolve(reference)), {
        _tag: "InstanceNotFound",
        reference,
        known: ["api", "web"],
      })
    }),
  )

  it.effect("no name to the only online instance", () =>
    Effect.gen(function* () {
      const fleet = yield* fleetOf({ api: "unreachable", web: "online", db: "unauthorized" })
      assert.strictEqual((yield* fleet.resolve(undefined)).name, "web")
    }),
  )

  it.effect.each([
    [{ web: "online", api: "online", db: "timeout" }, ["api", "web"], ["db"]],
    [{ web: "unhealthy", api: "unauthorized" }, [], ["api", "web"]],
    [{}, [], []],
  ] as const)("no name to an error where not exactly one is online: %j", ([states, online, offline]) =>
    Effect.gen(function* () {
      const fleet = yield* fleetOf(states)
      const error = yield* Effect.flip(fleet.resolve(undefined))
      assert.deepInclude(error, { _tag: "InstanceRequired", online: [...online], offline: [...offline] })
    }),
  )

  it.effect("a name before the first refresh is over, after waiting for it", () =>
    Effect.gen(function* () {
      const { fleet } = yield* start([announcement("api", 1)])
      const asked = yield* begin(fleet.resolve("api"))
      yield* TestClock.adjust(scanTime)
      assert.strictEqual((yield* Fiber.join(asked)).url, url(1))
    }),
  )
})

const unreachable = ({ instance, url }: Target, mayHaveArrived: boolean) =>
  new InstanceUnreachable({ instance, url, mayHaveArrived, detail: mayHaveArrived ? "ECONNRESET" : "ECONNREFUSED" })

const onlyAt = (port: number) => (target: Target) =>
  target.url === url(port) ? Effect.succeed("answer") : Effect.fail(unreachable(target, false))

describe("Using an instance", () => {
  /** Uses `api`, lets the time of a refresh pass, and returns the outcome with the URLs of all runs. */
  const use = Effect.fnUntraced(function* (
    { fleet }: Setup,
    answer: (target: Target) => Effect.Effect<string, ClientError>,
    name: string | undefined = "api",
  ) {
    const asked: Array<string> = []
    const using = yield* begin(
      fleet.use(name, (target) => {
        asked.push(target.url)
        return answer(target)
      }),
    )
    yield* TestClock.adjust(scanTime)
    return { asked, outcome: yield* Effect.result(Fiber.join(using)) }
  })

  it.effect("passes its target with its unique name and the credentials", () =>
    Effect.gen(function* () {
      const credentials = { username: "ada", password: Redacted.make("secret") }
      const { fleet } = yield* settled([announcement("api", 1), announcement("api", 2)], { credentials })
      const [target, instance] = yield* fleet.use("api@2", (...given) => Effect.succeed(given))
      assert.deepStrictEqual(target, { instance: "api@2", url: url(2), credentials, version: "1.18.33" })
      assert.deepInclude(instance, { name: "api@2", directory: undefined })
    }),
  )

  it.effect("runs the effect once without a refresh, if the instance answers", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      const { asked, outcome } = yield* use(setup, onlyAt(1))
      assert.deepInclude(outcome, { _tag: "Success", success: "answer" })
      assert.deepStrictEqual(asked, [url(1)])
      yield* scans(setup, 1)
    }),
  )

  it.effect("sends nothing to another opencode on its port", () =>
    Effect.gen(function* () {
      let directory = "/srv/shop"
      const http = httpLayer((request) =>
        new URL(request.url).pathname === "/path"
          ? Effect.sync(() => Response.json({ directory, worktree: "/" }))
          : online(request),
      )
      const health = HealthCheck.layer().pipe(Layer.provide(OpencodeV1.layer.pipe(Layer.provide(http))))
      const { fleet } = yield* customFleet(
        { scan: found(announcement("shop", 1, { directory })), changes: Stream.never },
        health,
      )
      yield* fleet.refresh
      assert.strictEqual(yield* fleet.use("shop", () => Effect.succeed("asked")), "asked")
      directory = "/srv/billing"
      const error = yield* Effect.flip(fleet.use("shop", () => Effect.die("asked")))
      assert.strictEqual(error._tag, "InstanceReplaced")
      for (const part of ["Nothing was sent to shop", "/srv/billing", "/srv/shop"]) assert.include(error.message, part)
      assert.strictEqual((yield* fleet.snapshot).instances[0]?.health.state, "unhealthy")
    }),
  )

  it.effect("finds an instance that has moved to another port, and runs the effect only there", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      yield* setup.find([announcement("api", 2)])
      const { asked, outcome } = yield* use(setup, onlyAt(2))
      assert.deepInclude(outcome, { _tag: "Success", success: "answer" })
      assert.deepStrictEqual(asked, [url(2)])
      yield* scans(setup, 2)
    }),
  )

  it.effect("finds a moved instance also without a name", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      yield* setup.find([announcement("other-name", 2)])
      const using = yield* begin(setup.fleet.use(undefined, onlyAt(2)))
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(yield* Fiber.join(using), "answer")
    }),
  )

  it.effect("fails as unreachable after one refresh, and does not refresh again", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      const { asked, outcome } = yield* use(setup, onlyAt(2))
      assert.deepInclude(outcome, { _tag: "Failure" })
      assert.deepStrictEqual(asked, [url(1)])
      yield* TestClock.adjust(scanTime)
      yield* scans(setup, 2)
    }),
  )

  it.effect("fails if the refresh no longer finds the instance", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      yield* setup.find([announcement("web", 2)])
      const { asked, outcome } = yield* use(setup, onlyAt(2))
      assert.strictEqual(outcome._tag === "Failure" ? outcome.failure._tag : "", "InstanceNotFound")
      assert.deepStrictEqual(asked, [])
    }),
  )

  it.effect.each([
    ["a later request was refused", (target: Target) => unreachable(target, false)],
    ["the connection broke after it was made", (target: Target) => unreachable(target, true)],
    [
      "no answer came in time",
      ({ instance, url }: Target) => new RequestTimeout({ instance, url, operation: "prompt", seconds: 10 }),
    ],
  ] as const)("runs the effect once if %s, because it may have sent a prompt before", ([, error]) =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      const { asked, outcome } = yield* use(setup, (target) => Effect.fail(error(target)))
      assert.strictEqual(outcome._tag, "Failure")
      assert.deepStrictEqual(asked, [url(1)])
      yield* scans(setup, 1)
    }),
  )

  it.effect("runs the effect once also after the instance has moved", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      yield* setup.find([announcement("api", 2)])
      const { asked, outcome } = yield* use(setup, (target) => Effect.fail(unreachable(target, target.url === url(2))))
      assert.deepInclude(outcome._tag === "Failure" ? outcome.failure : {}, { mayHaveArrived: true, url: url(2) })
      assert.deepStrictEqual(asked, [url(2)])
    }),
  )

  it.effect("runs nothing if no instance has the name", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      const { asked, outcome } = yield* use(setup, onlyAt(1), "web")
      assert.strictEqual(outcome._tag, "Failure")
      assert.deepStrictEqual(asked, [])
      yield* scans(setup, 1)
    }),
  )

  it.effect("refreshes without a name if none was online, because one may be online now", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      yield* TestClock.adjust(scanTime)
      yield* setup.make(url(1), "online")
      const using = yield* begin(setup.fleet.use(undefined, onlyAt(1)))
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(yield* Fiber.join(using), "answer")
      yield* scans(setup, 2)
    }),
  )

  it.effect.each(["api", undefined])("finds an instance (%s) that was gone at the last refresh and is back", (name) =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* setup.find([])
      yield* begin(setup.fleet.refresh)
      yield* TestClock.adjust(scanTime)
      yield* setup.find([announcement("api", 2)])
      const using = yield* begin(setup.fleet.use(name, onlyAt(2)))
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(yield* Fiber.join(using), "answer")
      yield* scans(setup, 3)
    }),
  )

  it.effect("refreshes only once if none is online, and runs nothing", () =>
    Effect.gen(function* () {
      const setup = yield* start([announcement("api", 1)])
      yield* setup.make(url(1), "unreachable")
      yield* TestClock.adjust(scanTime)
      const using = yield* begin(Effect.flip(setup.fleet.use(undefined, () => Effect.die("asked"))))
      yield* TestClock.adjust(scanTime)
      assert.include(String(yield* Fiber.join(using)), "api")
      yield* scans(setup, 2)
      // A name that fits none would fit none either.
      assert.strictEqual(
        (yield* Effect.flip(setup.fleet.use("web", () => Effect.die("asked"))))._tag,
        "InstanceNotFound",
      )
      yield* scans(setup, 2)
    }),
  )

  it.effect("does not rely on a refresh that began before the instance was probed", () =>
    Effect.gen(function* () {
      const setup = yield* settled([announcement("api", 1)])
      yield* begin(setup.fleet.refresh)
      yield* TestClock.adjust(scanTime / 2)
      yield* setup.make(url(1), "unreachable")
      yield* setup.find([announcement("api", 2)])
      const using = yield* begin(setup.fleet.use("api", onlyAt(2)))
      yield* TestClock.adjust(2 * scanTime)
      assert.strictEqual(yield* Fiber.join(using), "answer")
    }),
  )
})
