/** `opencode-fleet/testing` as an embedder uses it: the public names alone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { FakeFleet, fakeFleetLayer, Fault, samples } from "../../src/exports/testing.ts"
import { Fleet, FleetToolkit, OpencodeClient } from "../../src/index.ts"

/** An embedder's own code: the titles of an instance's sessions. */
const titles = (name: string) =>
  Effect.gen(function* () {
    const fleet = yield* Fleet
    const client = yield* OpencodeClient
    const sessions = yield* fleet.use(name, (target) => client.at(target).sessions)
    return sessions.map(({ title }) => title)
  })

describe("a fake fleet", () => {
  it.effect("shows an embedder's code one online instance for each name, with what a test puts there", () =>
    Effect.gen(function* () {
      const fakes = yield* FakeFleet
      fakes.at("laptop").sessions.push(samples.session("web", { title: "Fix the build" }))
      assert.deepStrictEqual(yield* titles("laptop"), ["Fix the build"])
      assert.deepStrictEqual(yield* titles("desktop"), [])
    }).pipe(Effect.provide(fakeFleetLayer("laptop", "desktop"))),
  )

  it.effect("answers what is sent to it, also through the tools", () =>
    Effect.gen(function* () {
      const fake = (yield* FakeFleet).at("laptop")
      fake.sessions.push(samples.session("web"))
      fake.answerWith(({ text }) => `Done: ${text}`)
      const toolkit = yield* FleetToolkit
      const results = yield* toolkit.handle("send_message", { session_id: "ses_web", message: "run the tests" })
      const [result] = yield* Stream.runCollect(results)
      assert.include(JSON.stringify(result?.encodedResult), '"outcome":"completed"')
      assert.include(JSON.stringify(result?.encodedResult), '"text":"Done: run the tests"')
      assert.deepStrictEqual(
        fake.prompts.map(({ text }) => text),
        ["run the tests"],
      )
    }).pipe(Effect.provide(fakeFleetLayer("laptop"))),
  )

  it.effect("holds instances of opencode 2, which answer the same tools", () =>
    Effect.gen(function* () {
      const fakes = yield* FakeFleet
      for (const name of ["laptop", "desktop"]) {
        fakes.at(name).sessions.push(samples.session(name))
        fakes.at(name).answerWith(({ text }) => `Done on ${name}: ${text}`)
      }
      const fleet = yield* Fleet
      const { instances } = yield* fleet.snapshot
      assert.deepStrictEqual(
        instances.map(({ health, name }) => [name, health.state, health.api, health.version]),
        [
          ["desktop", "online", 2, "2.0.15"],
          ["laptop", "online", 1, "1.18.33"],
        ],
      )
      const toolkit = yield* FleetToolkit
      for (const name of ["laptop", "desktop"]) {
        const message = { instance: name, session_id: `ses_${name}`, message: "run the tests" }
        const [result] = yield* Stream.runCollect(yield* toolkit.handle("send_message", message))
        assert.include(JSON.stringify(result?.encodedResult), '"outcome":"completed"')
        assert.include(JSON.stringify(result?.encodedResult), `"text":"Done on ${name}: run the tests"`)
      }
    }).pipe(Effect.provide(fakeFleetLayer("laptop", { name: "desktop", api: 2 }))),
  )

  it.effect("lets requests go wrong", () =>
    Effect.gen(function* () {
      const fakes = yield* FakeFleet
      fakes.at("laptop").fail("GET /experimental/session", Fault.unauthorized)
      const error = yield* Effect.flip(titles("laptop"))
      assert.strictEqual(error._tag, "Unauthorized")
    }).pipe(Effect.provide(fakeFleetLayer("laptop"))),
  )

  it.effect("shares nothing with another one", () =>
    Effect.gen(function* () {
      const layer = fakeFleetLayer("laptop")
      const add = Effect.gen(function* () {
        const fakes = yield* FakeFleet
        fakes.at("laptop").sessions.push(samples.session("web"))
        return (yield* titles("laptop")).length
      })
      assert.strictEqual(yield* Effect.provide(add, layer), 1)
      assert.strictEqual(yield* Effect.provide(add, layer), 1)
    }),
  )
})
