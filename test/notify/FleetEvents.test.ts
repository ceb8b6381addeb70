import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import {
  aborted,
  assistant,
  done,
  event,
  failedWith,
  here,
  msg,
  permission,
  ses,
  session,
  textPart,
  user,
} from "../../src/testing/samples.ts"
import { FakeFleet, fakeFleetLayer } from "../../src/testing/FakeFleet.ts"
import type { FakeState } from "../../src/testing/FakeState.ts"
import { unavailable } from "../../src/testing/Fault.ts"
import type { SessionId } from "../../src/opencode/Identifiers.ts"
import type { FleetEvent } from "../../src/notify/FleetEvent.ts"
import { DatabaseUsers } from "../../src/machine/DatabaseUsers.ts"
import { FleetEvents, type FleetEventsOptions } from "../../src/notify/FleetEvents.ts"
import { makeRunningSessions, RunningSessions } from "../../src/notify/RunningSessions.ts"
import { pass } from "../support/overFake.ts"

/** What is told, from now on. */
const told = Effect.fnUntraced(function* (
  options: FleetEventsOptions = {},
  before: ReadonlyArray<readonly [SessionId, string]> = [],
) {
  const running = makeRunningSessions(before)
  const layer = FleetEvents.layer(options).pipe(Layer.provide(Layer.succeed(RunningSessions, running)))
  const { events, holds } = Context.get(yield* Layer.build(layer), FleetEvents)
  const seen: Array<FleetEvent> = []
  yield* events.pipe(
    Stream.runForEach((one) => Effect.sync(() => seen.push(one))),
    Effect.forkScoped,
  )
  yield* pass(2000)
  return { seen, running, holds, kinds: () => seen.map(({ instance, kind }) => `${kind} ${instance}`) }
})

const fakeAt = (name: string) => Effect.map(FakeFleet, ({ at }) => at(name))

/** Starts a turn in the session of that name; the prompt has the name, too. */
const working = (fake: FakeState, name = "main") => {
  fake.sessions.push(session(name))
  fake.statuses.set(ses(name), { type: "busy" })
  fake.store(ses(name), user(msg(name), "Do it", ses(name)))
  fake.emit(event.busy(ses(name)))
}

/** Ends it. */
const answer = (fake: FakeState, given = done(), name = "main") => {
  const info = assistant(msg(`answer_${name}`), msg(name), given, ses(name))
  fake.store(ses(name), { info, parts: [textPart(info.id, "All tests pass.")] })
  fake.statuses.delete(ses(name))
  fake.emit(event.message(info), ...event.idle(ses(name)))
}

/** No other opencode has the database open. */
const alone = Effect.provideService(DatabaseUsers, {
  besides: () => Effect.succeed([]),
  listener: () => Effect.undefined,
  besidesListener: () => Effect.succeed([]),
})

describe("The events of a fleet", () => {
  it.effect("tell at the start what waits, and not what has ended", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      fake.sessions.push(session("old"))
      fake.store(ses("old"), user(msg("0"), "Do it", ses("old")))
      fake.permissions = [permission("1")]
      const { seen } = yield* told()
      assert.deepStrictEqual(
        seen.map((one) => ({ ...one, at: 0 })),
        [
          {
            kind: "waiting",
            key: "per_1",
            instance: "api",
            at: 0,
            url: "http://fake-0.test:4096",
            session: { id: here, title: "Session main", directory: "/work/project" },
            request: { id: permission("1").id, kind: "permission", about: "permission for bash: rm -rf build" },
          },
        ],
      )
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("say whether an agent still waits; one that cannot be asked does", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      fake.permissions = [permission("1")]
      const { holds, seen } = yield* told()
      const holding = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.forEach(seen, holds))
        yield* pass(30_000, 100)
        return yield* Fiber.join(fiber)
      })
      assert.deepStrictEqual(yield* holding, [true])
      fake.permissions = []
      assert.deepStrictEqual(yield* holding, [false])
      fake.fail("*", unavailable)
      assert.deepStrictEqual(yield* holding, [true])
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("tell how each turn ends", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      const { kinds, seen } = yield* told()
      answer(fake)
      yield* pass(2000)
      assert.deepStrictEqual(kinds(), ["done api"])
      assert.include(seen[0], { key: "ses_main msg_main", text: "All tests pass." })
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("tell why a turn failed, and not that a person stopped or rejected it", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      const { kinds, seen } = yield* told()
      for (const [name, given] of [
        ["failing", failedWith({ kind: "failed", message: "no credit", status: 402 })],
        ["stopped", failedWith(aborted)],
      ] as const) {
        working(fake, name)
        yield* pass(500)
        answer(fake, given, name)
        yield* pass(2000)
      }
      assert.deepStrictEqual(kinds(), ["failed api"])
      assert.deepInclude(seen[0], { text: "no credit (status 402)" })
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("tell a subagent's request with the session that a person has started, and not the subagent's end", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      const { kinds, seen } = yield* told()
      const child = ses("child")
      fake.sessions.push(session("child", { parentID: here }))
      fake.statuses.set(child, { type: "busy" })
      fake.emit(event.created(session("child", { parentID: here })), event.busy(child))
      fake.emit(event.asked(permission("1", child)))
      yield* pass(2000)
      assert.deepInclude(seen[0], { kind: "waiting", key: "per_1" })
      assert.strictEqual(seen[0]?.kind === "waiting" ? seen[0].session.id : "", here)
      fake.statuses.delete(child)
      fake.emit(...event.idle(child))
      yield* pass(20_000)
      assert.deepStrictEqual(kinds(), ["waiting api"])
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("do not tell a request that a program decides at once", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      const { kinds } = yield* told()
      fake.emit(event.asked(permission("1")))
      yield* pass(500)
      fake.emit(event.replied(permission("1")))
      fake.emit(event.asked(permission("2")))
      yield* pass(2000)
      assert.deepStrictEqual(kinds(), ["waiting api"])
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("tell what happened while the stream of events was broken", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake, "ends")
      working(fake, "waits")
      const { seen } = yield* told()
      assert.lengthOf(seen, 0)
      fake.fail("GET /global/event", unavailable)
      fake.cut()
      yield* pass(500)
      answer(fake, done(), "ends")
      fake.permissions = [permission("1", ses("waits"))]
      yield* pass(2000)
      assert.lengthOf(seen, 0)
      fake.heal()
      yield* pass(10_000)
      assert.sameMembers(
        seen.map(({ key }) => key),
        ["per_1", "ses_ends msg_ends"],
      )
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect("tell once what two instances with the same sessions know", () =>
    Effect.gen(function* () {
      for (const name of ["one", "two"]) {
        const fake = yield* fakeAt(name)
        working(fake)
        fake.permissions = [permission("1")]
      }
      const { seen } = yield* told()
      for (const name of ["one", "two"]) answer(yield* fakeAt(name))
      yield* pass(5000)
      assert.deepStrictEqual(
        seen.map(({ key }) => key),
        ["per_1", "ses_main msg_main"],
      )
    }).pipe(Effect.provide(fakeFleetLayer("one", { name: "two", api: 2 }))),
  )

  it.effect("tell at the start how a turn has ended that was running when they were last told", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      working(fake, "stillRunning")
      answer(fake)
      const { kinds, running, seen } = yield* told({}, [
        [here, "api"],
        [ses("stillRunning"), "api"],
        [ses("deleted"), "api"],
        [ses("elsewhere"), "another"],
      ])
      assert.deepStrictEqual(kinds(), ["done api"])
      assert.deepInclude(seen[0], { key: "ses_main msg_main" })
      assert.sameMembers(
        running.all().map(([id]) => id),
        [ses("stillRunning"), ses("elsewhere")],
      )
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )

  it.effect(
    "tell only that an instance is gone when it was killed during a turn, and the failed turn when it is back",
    () =>
      Effect.gen(function* () {
        const fake = yield* fakeAt("api")
        working(fake)
        const { kinds } = yield* told()
        fake.fail("GET *", unavailable)
        fake.cut()
        fake.statuses.clear()
        fake.store(here, { info: assistant(msg("cut"), msg("main"), {}), parts: [] })
        yield* pass(60_000, 100)
        assert.deepStrictEqual(kinds(), ["gone api"])
        fake.heal()
        yield* pass(60_000, 100)
        assert.deepStrictEqual(kinds(), ["gone api", "failed api"])
      }).pipe(Effect.provide(fakeFleetLayer("api")), alone),
  )

  it.effect("tell that an instance is gone, but not that it was restarted, and only of the chosen instances", () =>
    Effect.gen(function* () {
      const { kinds, seen } = yield* told({ includes: ({ name }) => name !== "other" })
      const all = yield* Effect.forEach(["api", "restarted", "other"], fakeAt)
      for (const fake of all) {
        fake.fail("GET *", unavailable)
        fake.cut()
      }
      yield* pass(5000)
      all[1]?.heal()
      yield* pass(40_000, 100)
      assert.deepStrictEqual(kinds(), ["gone api"])
      assert.include(seen[0]?.kind === "gone" ? seen[0].reason : "", "not as opencode does")
      all[0]?.heal()
      yield* pass(40_000, 100)
      all[0]?.fail("GET *", unavailable)
      yield* pass(60_000, 100)
      assert.deepStrictEqual(kinds(), ["gone api", "gone api"])
    }).pipe(Effect.provide(fakeFleetLayer("api", "restarted", "other"))),
  )
})
