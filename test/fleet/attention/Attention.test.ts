import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, HashMap, Layer, Option } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Attention } from "../../../src/fleet/attention/Attention.ts"
import type { PendingReport } from "../../../src/fleet/attention/PendingReport.ts"
import { Fleet } from "../../../src/fleet/Fleet.ts"

import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { json, named, unavailable } from "../../../src/testing/Fault.ts"
import { whilePassing } from "../../support/overFake.ts"
import {
  assistant,
  done,
  here,
  msg,
  permission,
  question,
  ses,
  session,
  updatedAt,
} from "../../../src/testing/samples.ts"
import { announcement } from "../../discovery/announcements.ts"
import { interval, scanTime, start } from "../../discovery/fakes.ts"

const defaultTimeout = 3000

const url = (port: number) => `http://127.0.0.1:${port}`

/** Every instance is the same fake, but requests to the ports in `hung` never end. */
const network = (hung: Set<number>, asked: Array<string>) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.transform((answer, request) => {
        asked.push(request.url)
        return hung.has(Number(new URL(request.url).port)) ? Effect.never : answer
      }),
    ),
  ).pipe(Layer.provide(FakeOpencode.layerHttpClient))

/** An `Attention` over a fleet of instances on these ports, after its first refresh. */
const attentive = Effect.fnUntraced(function* (
  ports: ReadonlyArray<number>,
  { refreshEvery = interval, timeout = defaultTimeout, builtAfter = 0 } = {},
) {
  const hung = new Set<number>()
  const asked: Array<string> = []
  const setup = yield* start(
    ports.map((port) => announcement(`on-${port}`, port)),
    { refreshEvery },
  )
  if (builtAfter > 0) yield* TestClock.adjust(builtAfter)
  const services = yield* Layer.build(
    Attention.layer({ timeout }).pipe(
      Layer.provide(OpencodeV1.layer),
      Layer.provide(network(hung, asked)),
      Layer.provide(Layer.succeed(Fleet, setup.fleet)),
    ),
  )
  const attention = Context.get(services, Attention)
  return {
    ...setup,
    ...attention,
    hung,
    refresh: TestClock.adjust(refreshEvery + scanTime),
    /** Number of requests for the sessions of the instance on that port. */
    requestCount: (port: number) => asked.filter((each) => each === `${url(port)}/experimental/session`).length,
    report: (port: number) =>
      Effect.map(attention.current, (reports) => Option.getOrUndefined(HashMap.get(reports, url(port)))),
  }
})

const about = (report: PendingReport | undefined) =>
  report?.known === true ? report.waiting.map(({ about }) => about) : report?.reason

const asking = "permission for bash: rm -rf build"

/** Adds a session that waits for a permission. */
const wait = (fake: FakeState) => {
  fake.sessions = [session("main")]
  fake.statuses.set(here, { type: "busy" })
  fake.permissions = [permission("1")]
}

describe("Pending requests", () => {
  it.effect("are known after the refresh that found the instance, with the time of asking", () =>
    Effect.gen(function* () {
      wait(yield* FakeOpencode)
      const setup = yield* attentive([1])
      assert.isUndefined(yield* setup.report(1))
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(yield* setup.report(1), {
        askedAt: scanTime,
        known: true,
        count: 1,
        waiting: [{ kind: "permission", id: permission("1").id, session: here, title: "Session main", about: asking }],
        active: 1,
        lastSession: { title: "Session main", updated: session("main").time.updated },
        projects: [{ directory: "/work/project", active: 1 }],
        projectCount: 1,
      })
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("that are not understood are not known to be none", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      fake.fail("GET /permission", json([{ kind: "hologram" }]))
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      const report = yield* setup.report(1)
      assert.deepInclude(report, {
        count: 0,
        notUnderstood: "1 permission not understood (opencode 1.18.33); open it in opencode",
      })
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("change with each refresh", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(about(yield* setup.report(1)), [])
      wait(fake)
      fake.questions = [question("1")]
      yield* setup.refresh
      assert.deepStrictEqual(about(yield* setup.report(1)), [asking, "question: Which colour?"])
      fake.permissions = []
      yield* setup.refresh
      assert.deepStrictEqual(about(yield* setup.report(1)), ["question: Which colour?"])
      fake.statuses.clear()
      yield* setup.refresh
      assert.deepStrictEqual(about(yield* setup.report(1)), [])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("exclude those that an aborted turn left behind", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      fake.store(here, { info: assistant(msg("old"), msg("u"), done()), parts: [] })
      fake.store(here, { info: assistant(msg("new"), msg("u")), parts: [] })
      fake.permissions = ["old", "new"].map((id) => ({ ...permission(id), tool: { messageID: msg(id) } }))
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      const report = yield* setup.report(1)
      assert.deepStrictEqual(report?.known === true ? report.waiting.map(({ id }) => String(id)) : [], ["per_new"])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("are reported once, for the session that asks, although the parent lists them too", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      fake.sessions.push(session("child", { parentID: here }))
      fake.statuses.set(ses("child"), { type: "busy" })
      fake.permissions = [permission("1", ses("child"))]
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      const report = yield* setup.report(1)
      assert.deepInclude(report, { count: 1 })
      assert.deepStrictEqual(report?.known === true ? report.waiting.map(({ title }) => title) : [], ["Session child"])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("come with the number of active sessions, and the title and time of the last activity, however old", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("old", { title: "Last year", ...updatedAt(-1e10) }),
        session("child", { parentID: ses("old"), ...updatedAt(-1e10 + 1) }),
      ]
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      const last = { title: "Last year", updated: -1e10 + 1 }
      assert.deepInclude(yield* setup.report(1), { active: 0, lastSession: last })
      fake.sessions = [session("main"), session("child", { parentID: here })]
      for (const id of [here, ses("child")]) fake.statuses.set(id, { type: "busy" })
      yield* setup.refresh
      assert.deepInclude(yield* setup.report(1), { active: 2 })
      fake.sessions = []
      yield* setup.refresh
      assert.deepInclude(yield* setup.report(1), { active: 0, lastSession: undefined })
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("are all counted, and bounded in memory", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      fake.permissions = Array.from({ length: 300 }, (_, index) => ({
        ...permission(String(index)),
        patterns: ["x".repeat(10_000)],
      }))
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      // Megabytes are parsed in slices, between which the clock of the test does not wait.
      const report = yield* Effect.yieldNow.pipe(
        Effect.andThen(setup.report(1)),
        Effect.repeat({ until: (report) => report !== undefined }),
      )
      assert.deepInclude(report, { count: 300 })
      assert.isBelow(JSON.stringify(report).length, 3000)
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )
})

describe("Asking for pending requests", () => {
  it.effect("reports unknown for a failing instance, and recovers with it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      fake.fail("GET /permission", named(400, "database is locked"))
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      assert.include(about(yield* setup.report(1)), "database is locked")
      fake.heal()
      yield* setup.refresh
      assert.deepStrictEqual(about(yield* setup.report(1)), [asking])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("drops the previous report when an instance fails", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(about(yield* setup.report(1)), [asking])
      fake.fail("GET /experimental/session", unavailable)
      yield* setup.refresh
      yield* TestClock.adjust(defaultTimeout)
      assert.deepInclude(yield* setup.report(1), { known: false })
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("gives a hanging instance its timeout, without delaying the others", () =>
    Effect.gen(function* () {
      wait(yield* FakeOpencode)
      const setup = yield* attentive([1, 2, 3])
      setup.hung.add(1)
      yield* TestClock.adjust(scanTime)
      for (const port of [2, 3]) assert.deepStrictEqual(about(yield* setup.report(port)), [asking])
      yield* TestClock.adjust(defaultTimeout - 1)
      assert.isUndefined(yield* setup.report(1))
      yield* TestClock.adjust(1)
      assert.strictEqual(about(yield* setup.report(1)), "no answer within 3 s")
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("starts when the instance's own probe ends, while other probes continue", () =>
    Effect.gen(function* () {
      wait(yield* FakeOpencode)
      const setup = yield* attentive([1, 2])
      yield* setup.slow(url(2), 1000)
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(about(yield* setup.report(1)), [asking])
      assert.strictEqual(setup.requestCount(2), 0)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual([setup.requestCount(1), setup.requestCount(2)], [1, 1])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("makes up for a refresh that ended before the layer was built", () =>
    Effect.gen(function* () {
      wait(yield* FakeOpencode)
      const setup = yield* attentive([1], { builtAfter: scanTime })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(about(yield* setup.report(1)), [asking])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("delays no refresh and no other instance, and does not pile up for a slow one", () =>
    Effect.gen(function* () {
      const setup = yield* attentive([1, 2], { refreshEvery: 100, timeout: 9000 })
      setup.hung.add(1)
      yield* TestClock.adjust(scanTime)
      for (let round = 0; round < 4; round++) yield* setup.refresh
      assert.strictEqual((yield* setup.fleet.snapshot).refreshedAt, 5 * scanTime + 400)
      assert.deepStrictEqual([setup.requestCount(1), setup.requestCount(2)], [1, 5])
      setup.hung.delete(1)
      yield* TestClock.adjust(9000 - 4 * (scanTime + 100))
      // Of all the refreshes that went by, only the last one is followed.
      assert.deepStrictEqual([setup.requestCount(1), setup.requestCount(2)], [2, 5])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("is bounded in concurrency", () =>
    Effect.gen(function* () {
      const ports = Array.from({ length: 50 }, (_, index) => index + 1)
      const setup = yield* attentive(ports)
      for (const port of ports) setup.hung.add(port)
      const begun = () => ports.filter((port) => setup.requestCount(port) > 0).length
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(begun(), 32)
      yield* TestClock.adjust(defaultTimeout)
      assert.strictEqual(begun(), 50)
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("drops a report that arrives after its instance has disappeared", () =>
    Effect.gen(function* () {
      const setup = yield* attentive([1], { refreshEvery: 100, timeout: 9000 })
      setup.hung.add(1)
      yield* TestClock.adjust(scanTime)
      yield* setup.make(url(1), "unreachable")
      // The time is up before the next refresh would forget the instance anyway.
      yield* TestClock.adjust(9000)
      assert.isTrue(HashMap.isEmpty(yield* setup.current))
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("skips instances that are not online, and drops their reports", () =>
    Effect.gen(function* () {
      wait(yield* FakeOpencode)
      const setup = yield* attentive([1, 2])
      yield* setup.make(url(1), "unauthorized")
      yield* TestClock.adjust(scanTime)
      assert.strictEqual(setup.requestCount(1), 0)
      yield* setup.make(url(2), "unreachable")
      yield* setup.refresh
      assert.strictEqual(setup.requestCount(2), 1)
      assert.isTrue(HashMap.isEmpty(yield* setup.current))
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("checks only the most recent directories, because each new one makes opencode load it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = Array.from({ length: 9 }, (_, index) =>
        session(`s${index}`, { directory: `/work/${index}`, ...updatedAt(index) }),
      )
      yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      const directories = new Set(
        fake.requests.flatMap(({ query }) => (query["directory"] === undefined ? [] : [query["directory"]])),
      )
      assert.sameMembers([...directories], ["/work/4", "/work/5", "/work/6", "/work/7", "/work/8"])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("takes two requests to an idle instance with one directory", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("one"), session("two")]
      yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      assert.deepStrictEqual(
        fake.requests.map(({ route }) => route),
        ["GET /experimental/session", "GET /session/status"],
      )
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )
})

describe("An instance at which nothing happens", () => {
  /** After the looks that find that nothing happens there. `asked` returns the requests since it was called last. */
  const quiet = Effect.fnUntraced(function* () {
    const fake = yield* FakeOpencode
    fake.sessions = [session("old", updatedAt(1)), session("main", updatedAt(2))]
    const setup = yield* attentive([1])
    yield* TestClock.adjust(scanTime)
    yield* setup.refresh
    const asked = Effect.sync(() =>
      fake.requests.splice(0).map(({ query, route }) => `${route} ${query["limit"] ?? ""}`.trimEnd()),
    )
    yield* asked
    return { ...setup, asked, fake }
  })
  const small = "GET /experimental/session 1"

  it.effect("is asked one small request, and its report is as new as that", () =>
    Effect.gen(function* () {
      const { asked, refresh, report } = yield* quiet()
      const before = yield* report(1)
      yield* refresh
      assert.deepStrictEqual(yield* asked, [small])
      assert.deepStrictEqual(yield* report(1), { ...before, askedAt: 3 * scanTime + 2 * interval })
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("is asked everything when a session was updated", () =>
    Effect.gen(function* () {
      const { asked, fake, refresh, report } = yield* quiet()
      fake.sessions = [session("main", updatedAt(2)), session("old", updatedAt(3))]
      fake.statuses.set(ses("old"), { type: "busy" })
      fake.permissions = [permission("1", ses("old"))]
      yield* refresh
      assert.deepStrictEqual(about(yield* report(1)), [asking])
      yield* asked
      yield* refresh
      assert.notInclude(yield* asked, small)
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("is asked everything when this program has changed something there", () =>
    Effect.gen(function* () {
      const { asked, report, touch } = yield* quiet()
      yield* touch(url(1))
      yield* report(1)
      assert.deepStrictEqual(yield* asked, ["GET /experimental/session 200", "GET /session/status"])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("is asked everything every two minutes, because opencode 1 runs a person's command without an update", () =>
    Effect.gen(function* () {
      const { fake, refresh, report } = yield* quiet()
      fake.statuses.set(here, { type: "busy" })
      let passed = 0
      while (passed <= 120_000) {
        yield* refresh
        passed += interval + scanTime
      }
      assert.deepInclude(yield* report(1), { active: 1 })
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("whose turn began a moment ago is asked everything, because opencode tells that only then", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main", updatedAt(1))]
      const setup = yield* attentive([1], { refreshEvery: 100 })
      yield* TestClock.adjust(scanTime)
      yield* setup.refresh
      fake.statuses.set(here, { type: "busy" })
      fake.permissions = [permission("1")]
      yield* setup.refresh
      assert.deepStrictEqual(about(yield* setup.report(1)), [asking])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )
})

describe("Waiting until all instances have been asked", () => {
  it.effect("returns the reports since the last refresh, and asks no instance twice", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      wait(fake)
      const setup = yield* attentive([1])
      yield* TestClock.adjust(scanTime)
      fake.permissions = []
      yield* whilePassing(scanTime, setup.fleet.refresh)
      const reports = yield* whilePassing(0, setup.settled)
      assert.deepStrictEqual(about(HashMap.getUnsafe(reports, url(1))), [])
      assert.strictEqual(setup.requestCount(1), 2)
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("does not take an earlier report for a new one", () =>
    Effect.gen(function* () {
      wait(yield* FakeOpencode)
      const setup = yield* attentive([1], { refreshEvery: 100, timeout: 9000 })
      setup.hung.add(1)
      yield* TestClock.adjust(scanTime)
      yield* setup.refresh
      setup.hung.delete(1)
      const reports = yield* whilePassing(9000, setup.settled)
      assert.deepStrictEqual(about(HashMap.getUnsafe(reports, url(1))), [asking])
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("waits for requests in progress", () =>
    Effect.gen(function* () {
      const setup = yield* attentive([1])
      setup.hung.add(1)
      yield* TestClock.adjust(scanTime + 1000)
      const reports = yield* whilePassing(defaultTimeout - 1000, setup.settled)
      assert.isTrue(HashMap.has(reports, url(1)))
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )

  it.effect("ends with the known reports if an instance hangs", () =>
    Effect.gen(function* () {
      const setup = yield* attentive([1, 2])
      setup.hung.add(1)
      yield* TestClock.adjust(scanTime)
      const reports = yield* whilePassing(defaultTimeout, setup.settled)
      assert.isTrue(HashMap.has(reports, url(2)))
    }).pipe(Effect.provide(FakeOpencode.layer)),
  )
})
