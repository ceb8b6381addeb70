/** The test of a program that embeds the fleet, as docs/embedding.md shows it. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Fleet, OpencodeClient } from "../../src/index.ts"
import { FakeFleet, fakeFleetLayer, Fault, samples } from "../../src/exports/testing.ts"

/** The code to test: the titles of an instance's sessions. */
const titles = Effect.fnUntraced(function* (name: string) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const sessions = yield* fleet.use(name, (target) => client.at(target).sessions)
  return sessions.map(({ title }) => title)
})

it.effect("lists the titles of an instance's sessions, whatever its version", () =>
  Effect.gen(function* () {
    const fakes = yield* FakeFleet
    for (const name of ["laptop", "desktop"]) {
      fakes.at(name).sessions.push(samples.session("web", { title: "Fix the build" }))
      assert.deepStrictEqual(yield* titles(name), ["Fix the build"])
    }
    fakes.at("laptop").fail("GET /experimental/session", Fault.unauthorized)
    assert.strictEqual((yield* Effect.flip(titles("laptop")))._tag, "Unauthorized")
  }).pipe(Effect.provide(fakeFleetLayer("laptop", { name: "desktop", api: 2 }))),
)
