import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { InstanceEvents } from "../../../src/opencode/events/InstanceEvents.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { overFake, pass, target, whilePassing } from "../../support/overFake.ts"
import { event } from "../../../src/testing/samples.ts"

const streamRoute = "GET /global/event"

/** A subscriber with its own scope, which `leave` closes. */
const reader = Effect.gen(function* () {
  const events = yield* InstanceEvents
  const scope = yield* Scope.make()
  // Each subscriber passes its own target object, as the tools do.
  const notices = yield* whilePassing(100, Scope.provide(events.subscribe({ ...target }), scope))
  const taken: Array<string> = []
  yield* notices.take.pipe(
    Effect.map((notice) => taken.push(notice._tag === "Event" ? notice.event._tag : notice._tag)),
    Effect.forever,
    Effect.forkIn(scope),
  )
  return {
    /** All notices so far. */
    taken,
    /** The notices since the last call, without "Settled". */
    heard: Effect.andThen(
      Effect.yieldNow,
      Effect.sync(() => taken.splice(0).filter((tag) => tag !== "Settled")),
    ),
    leave: Scope.close(scope, Exit.void),
  }
})

describe("InstanceEvents", () => {
  it.effect("gives every event to every subscriber over one stream", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const readers = yield* Effect.all([reader, reader, reader])
      fake.emit(event.busy(), ...event.idle())
      yield* pass(100)
      for (const { heard } of readers) {
        assert.deepStrictEqual(yield* heard, ["StatusChanged", "StatusChanged", "StatusChanged"])
      }
      assert.strictEqual(fake.count(streamRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("gives a subscriber only what happens after it has subscribed", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      yield* reader
      fake.emit(event.busy())
      yield* pass(100)
      const late = yield* reader
      fake.emit(...event.idle())
      yield* pass(100)
      assert.deepStrictEqual(yield* late.heard, ["StatusChanged", "StatusChanged"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("keeps the stream for a minute after the last subscriber, and opens it again for the next", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const [one, two] = yield* Effect.all([reader, reader])
      yield* one.leave
      yield* pass(10_000)
      assert.strictEqual(fake.connections.size, 1)
      yield* two.leave
      yield* pass(50_000, 50)
      const three = yield* reader
      assert.strictEqual(fake.count(streamRoute), 1)
      yield* three.leave
      yield* pass(70_000, 70)
      assert.strictEqual(fake.connections.size, 0)
      yield* reader
      assert.strictEqual(fake.connections.size, 1)
      assert.strictEqual(fake.count(streamRoute), 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not keep a stream that breaks when nothing uses it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const first = yield* reader
      yield* first.leave
      fake.fail(streamRoute, Fault.refused)
      fake.cut()
      yield* pass(20_000, 20)
      assert.strictEqual(fake.count(streamRoute), 1)
      fake.heal()
      yield* reader
      assert.strictEqual(fake.count(streamRoute), 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reconnects after 30 s without a heartbeat", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { heard } = yield* reader
      yield* pass(60_000, 60)
      assert.deepStrictEqual(yield* heard, [])
      fake.heartbeats = false
      yield* pass(25_000)
      assert.strictEqual(fake.count(streamRoute), 1)
      yield* pass(10_000)
      assert.deepStrictEqual((yield* heard).slice(0, 2), ["Lost", "Reconnected"])
      assert.strictEqual(fake.count(streamRoute), 2)
      assert.strictEqual(fake.connections.size, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reconnects after a regular end, and reports it once", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { heard } = yield* reader
      fake.fail(streamRoute, Fault.refused)
      fake.cut()
      yield* pass(20_000, 100)
      assert.deepStrictEqual(yield* heard, ["Lost"])
      fake.heal()
      yield* pass(11_000)
      fake.emit(event.busy())
      yield* pass(100)
      assert.deepStrictEqual(yield* heard, ["Reconnected", "StatusChanged"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("gives up in bounded time on a stream that is accepted and stays silent", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const events = yield* InstanceEvents
      fake.fail(streamRoute, () =>
        Effect.succeed(HttpServerResponse.stream(Stream.never, { contentType: "text/event-stream" })),
      )
      const error = yield* Effect.flip(whilePassing(11_000, events.subscribe(target)))
      assert.strictEqual(error._tag, "RequestTimeout")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("keeps the reconnect pause when the server accepts and drops connections", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      yield* reader
      for (let second = 0; second < 20; second++) {
        fake.cut()
        yield* pass(1000)
      }
      assert.isAtMost(fake.count(streamRoute), 60)
      assert.isAtLeast(fake.count(streamRoute), 10)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("reports after each connection when no event is missed any more", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { taken } = yield* reader
      yield* pass(1000)
      assert.deepStrictEqual(taken, ["Settled"])
      fake.cut()
      yield* pass(5000)
      assert.deepStrictEqual(taken, ["Settled", "Lost", "Reconnected", "Settled"])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("drops events for a subscriber that takes none, reports that to it, and does not hold up the others", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const events = yield* InstanceEvents
      const { taken } = yield* reader
      const slow = yield* events.subscribe(target)
      const sent = 10_000
      for (let heard = 0; heard < sent; heard += 1000) {
        fake.emit(...Array.from({ length: 1000 }, () => event.busy()))
        while (taken.filter((tag) => tag === "StatusChanged").length < heard + 1000) yield* pass(1, 1)
      }
      assert.notInclude(taken, "Missed")
      const kept: Array<string> = []
      yield* slow.take.pipe(
        Effect.map(({ _tag }) => kept.push(_tag)),
        Effect.forever,
        Effect.forkScoped,
      )
      yield* pass(1000)
      assert.strictEqual(kept[0], "Missed")
      assert.isAtMost(kept.length, 5000)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("ignores unknown events", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { heard } = yield* reader
      fake.emit({ type: "unrecognised", raw: { type: "sync", deep: { x: [1] } } }, event.busy())
      fake.emit({ type: "unrecognised", raw: { type: "session.status", properties: { sessionID: 7 } } }, event.busy())
      yield* pass(100)
      assert.deepStrictEqual(yield* heard, ["StatusChanged", "StatusChanged"])
      assert.strictEqual(fake.count(streamRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["InstanceUnreachable", Fault.refused],
    ["Unauthorized", Fault.unauthorized],
    ["UnexpectedResponse", Fault.webPage],
    ["RequestTimeout", Fault.hang],
  ] as const)("fails with %s when it cannot listen", ([tag, fault]) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail(streamRoute, fault)
      const events = yield* InstanceEvents
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.scoped(events.subscribe(target))))
      yield* pass(12_000)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, tag)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not report an earlier failed attempt to a new subscriber, because the instance may be back", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const events = yield* InstanceEvents
      fake.fail(streamRoute, Fault.hang)
      const first = yield* Effect.forkChild(Effect.scoped(Effect.flip(events.subscribe(target))))
      yield* pass(3200)
      assert.strictEqual((yield* Fiber.join(first))._tag, "RequestTimeout")
      fake.heal()
      const second = yield* Effect.forkChild(Effect.scoped(events.subscribe(target)))
      yield* pass(5000)
      yield* Fiber.join(second)
    }).pipe(Effect.provide(overFake)),
  )
})
