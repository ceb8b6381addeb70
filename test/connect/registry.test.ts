/** `connect --registry`: what is written into the database for an opencode that joins. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FakeSsh } from "./tunnel/FakeSsh.ts"
import { eventually, joinIn, makeDirectories, registrationsIn, services } from "./joining.ts"
import { announced, recording } from "./recordingDatabase.ts"
import { seconds } from "./tunnel/tunnel.ts"

const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

describe("An opencode that joins a registry", () => {
  it.effect("has a row with the id of its registrations and a heartbeat, which is removed at the end", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const { database, of } = recording()
      const { end } = yield* joinIn({ ...directories, registry: { database, url: "http://laptop.lan:4096" } })
      yield* announced(of)
      const { "laptop-project.json": registered } = yield* registrationsIn(directories.relayDirectory)
      const [row = []] = of("insert")
      assert.strictEqual(row[0], registered?.["id"])
      assert.deepStrictEqual(row.slice(1, 3), ["laptop-project", "laptop"])
      assert.deepStrictEqual(row.slice(4, 6), ["http://127.0.0.1:4096", "http://laptop.lan:4096"])
      assert.lengthOf(of("notify"), 1)
      yield* seconds(15)
      assert.deepStrictEqual(of("insert"), [row, row])
      // Heartbeats are no news.
      assert.lengthOf(of("notify"), 1)
      yield* end
      assert.deepStrictEqual(of("delete"), [[row[0]]])
      assert.lengthOf(of("notify"), 2)
    }).pipe(test),
  )

  it.effect("tells other servers of its tunnel, and is the same instance on the relay", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const fake = yield* FakeSsh
      const { database, of } = recording()
      const relay = { withoutPassword: true, command: "ssh me@relay" }
      yield* joinIn({ ...directories, relay, registry: { database } })
      const tunnels = Effect.sync(() => of("insert").map((row) => String(row[6])))
      yield* eventually(tunnels, (all) => all.some((text) => text.startsWith("ssh me@relay: connected since ")))
      const [copy] = [...fake.files.values()].map((json): unknown => JSON.parse(json))
      assert.deepInclude(copy, { id: of("insert")[0]?.[0] })
      fake.refusal = "no route"
      fake.drop("Broken pipe")
      yield* eventually(tunnels, (all) => all.some((text) => /waiting since .*: Broken pipe/u.test(text)))
    }).pipe(test),
  )

  it.effect("joins although the database is away, and is announced when it is back", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const { attempts, database, of, setAway } = recording()
      setAway(true)
      yield* joinIn({ ...directories, registry: { database } })
      yield* eventually(attempts, (count) => count > 0)
      assert.deepStrictEqual(of("insert"), [])
      setAway(false)
      yield* seconds(1)
      yield* announced(of)
      assert.lengthOf(of("insert"), 1)
    }).pipe(test),
  )
})
