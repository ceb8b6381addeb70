import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import {
  assistant,
  done,
  event,
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
import type { FleetEvent } from "../../src/notify/FleetEvent.ts"
import { FleetEvents, type FleetEventsOptions } from "../../src/notify/FleetEvents.ts"
import { makeRunningSessions, RunningSessions } from "../../src/notify/RunningSessions.ts"
import { pass } from "../support/overFake.ts"

/** What is told, from now on. */
const told = Effect.fnUntraced(function* (options: FleetEventsOptions = {}) {
  const running = makeRunningSessions()
  const layer = FleetEvents.layer(options).pipe(Layer.provide(Layer.succeed(RunningSessions, running)))
  const { events } = Context.get(yield* Layer.build(layer), FleetEvents)
  const seen: Array<FleetEvent> = []
  yield* events.pipe(
    Stream.runForEach((one) => Effect.sync(() => seen.push(one))),
    Effect.forkScoped,
  )
  yield* pass(2000)
  return { seen, running, kinds: () => seen.map(({ instance, kind }) => `${kind} ${instance}`) }
})

const fakeAt = (name: string) => Effect.map(FakeFleet, ({ at }) => at(name))

const working = (fake: FakeState) => {
  fake.sessions = [session("main")]
  fake.statuses.set(here, { type: "busy" })
  fake.store(here, user(msg("1")))
}

const answer = (fake: FakeState, given = done(), text = "All tests pass.") => {
  const info = assistant(msg("2"), msg("1"), given)
  fake.store(here, { info, parts: [textPart(msg("2"), text)] })
  fake.statuses.delete(here)
  fake.emit(event.message(info), ...event.idle())
}

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

  it.effect("tell how each turn ends", () =>
    Effect.gen(function* () {
      const fake = yield* fakeAt("api")
      working(fake)
      const { kinds, seen } = yield* told()
      answer(fake)
      yield* pass(2000)
      assert.deepStrictEqual(kinds(), ["done api"])
      assert.include(seen[0], { key: "ses_main msg_1", text: "All tests pass." })
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )
})
