/** `connect --registry`: what is written into the database for an opencode that joins. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { DatabaseUnavailable, type DatabaseValues } from "../../src/database/Database.ts"
import { FakeSsh } from "./tunnel/FakeSsh.ts"
import { eventually, joinIn, makeDirectories, registrationsIn, services } from "./joining.ts"
import { seconds } from "./tunnel/tunnel.ts"

/** A database that records the statements. */
const recording = () => {
  const statements: Array<readonly [string, ReadonlyArray<unknown>]> = []
  let isAway = false
  const away = new DatabaseUnavailable({ address: "db:5432/fleet", reason: "it cannot be reached" })
  const session = Effect.suspend(() =>
    isAway
      ? Effect.fail(away)
      : Effect.succeed({
          query: (sql: string, parameters: ReadonlyArray<unknown> = []) =>
            Effect.sync(() => {
              statements.push([sql.trim().split(" ", 1)[0] ?? "", parameters])
              return []
            }),
        }),
  )
  const database: DatabaseValues = {
    address: away.address,
    session: () => session,
    sessionNow: session,
    changes: Stream.never,
    migrated: Effect.void,
  }
  const of = (verb: string) => statements.flatMap(([sql, parameters]) => (sql === verb ? [parameters] : []))
  return { database, of, setAway: (away: boolean) => (isAway = away) }
}

const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

describe("An opencode that joins a registry", () => {
  it.effect("has a row with the id of its registrations and a heartbeat, which is removed at the end", () =>
    Effect.gen(function* () {
      const directories = yield* makeDirectories
      const { database, of } = recording()
      const { end } = yield* joinIn({ ...directories, registry: { database, url: "http://laptop.lan:4096" } })
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
      const { database, of, setAway } = recording()
      setAway(true)
      yield* joinIn({ ...directories, registry: { database } })
      assert.deepStrictEqual(of("insert"), [])
      setAway(false)
      yield* seconds(15)
      assert.lengthOf(of("insert"), 1)
    }).pipe(test),
  )
})
