/** Claims on sessions that servers on several machines share, over a real PostgreSQL. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted, Stream } from "effect"
import { Database, DatabaseUnavailable, type DatabaseValues } from "../../src/database/Database.ts"
import { layer as openDatabase } from "../../src/database/openDatabase.ts"
import { sharedClaims } from "../../src/database/sharedClaims.ts"
import type { Claim, SessionClaimsValues } from "../../src/machine/SessionClaims.ts"
import { eventually } from "../support/eventually.ts"
import { RealPostgres } from "../support/RealPostgres.ts"
import { withPostgres } from "../support/requirements.ts"

/** A machine on which no other server is running. */
const machine: SessionClaimsValues = {
  claim: () => Effect.succeed({ release: Effect.void, abandoned: undefined }),
  problem: Effect.undefined,
}

/** A server of another machine, until the scope closes. */
const server = Effect.fnUntraced(function* (url: string, on: SessionClaimsValues = machine) {
  const database = Context.get(yield* Layer.build(openDatabase(Redacted.make(url))), Database)
  assert.isDefined(database)
  return { claims: sharedClaims(on, database), database }
})

const release = (claim: Claim) => (typeof claim === "string" ? Effect.die(claim) : claim.release)

const abandonedOf = (claim: Claim) => (typeof claim === "string" ? undefined : claim.abandoned)

const killed = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opencode-fleet'"

describe("A claim on a session", () => {
  it.effect("is made on this machine alone while there is no database", () =>
    Effect.gen(function* () {
      const away: DatabaseValues = {
        address: "db:5432/fleet",
        session: () => new DatabaseUnavailable({ address: "db:5432/fleet", reason: "it cannot be reached" }),
        sessionNow: Effect.never,
        changes: Stream.never,
        migrated: Effect.void,
      }
      yield* release(yield* sharedClaims(machine, away).claim("ses_1"))
      const taken = sharedClaims({ ...machine, claim: () => Effect.succeed("taken") }, away)
      assert.strictEqual(yield* taken.claim("ses_1"), "taken")
    }),
  )
})

withPostgres("A claim on a session in the database", () => {
  layer(RealPostgres.layer, { excludeTestServices: true })((it) => {
    it.effect("is seen by the servers of other machines until it is released", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const one = yield* server(url)
        const other = yield* server(url)
        const claim = yield* one.claims.claim("ses_1")
        assert.strictEqual(yield* other.claims.claim("ses_1"), "taken")
        assert.strictEqual(yield* one.claims.claim("ses_1"), "taken")
        assert.isObject(yield* other.claims.claim("ses_2"))
        yield* release(claim)
        const next = yield* other.claims.claim("ses_1")
        assert.deepInclude(next, { abandoned: undefined })
        yield* release(claim)
        assert.strictEqual(yield* one.claims.claim("ses_1"), "taken")
        yield* release(next)
      }),
    )

    it.effect("releases the machine's claim if another machine has the session", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const one = yield* server(url)
        let held = 0
        const counting: SessionClaimsValues = {
          claim: () =>
            Effect.sync(() => ({ release: Effect.sync(() => void held--), abandoned: undefined, held: held++ })),
          problem: Effect.undefined,
        }
        const other = yield* server(url, counting)
        const claim = yield* one.claims.claim("ses_1")
        assert.strictEqual(yield* other.claims.claim("ses_1"), "taken")
        assert.strictEqual(held, 0)
        yield* release(claim)
        yield* release(yield* other.claims.claim("ses_1"))
        assert.strictEqual(held, 0)
      }),
    )

    it.effect("ends with the connection of its holder", () =>
      Effect.gen(function* () {
        const postgres = yield* RealPostgres
        const url = yield* postgres.newDatabase
        const one = yield* server(url)
        assert.isObject(yield* one.claims.claim("ses_1"))
        yield* postgres.run(url, killed)
        const other = yield* server(url)
        const claim = yield* other.claims.claim("ses_1").pipe(eventually((made) => made !== "taken"))
        // It is known to each next holder until one has said that it knows what became of the message.
        yield* release(claim)
        const next = yield* other.claims.claim("ses_1")
        yield* abandonedOf(next) ?? Effect.die("not abandoned")
        yield* release(next)
        const last = yield* other.claims.claim("ses_1")
        assert.isUndefined(abandonedOf(last))
        // The first server has a new connection, and sees the claim.
        assert.strictEqual(yield* one.claims.claim("ses_2").pipe(Effect.flatMap(release), Effect.as("made")), "made")
      }),
    )

    it.effect("is made by a role that has no right to the tables", () =>
      Effect.gen(function* () {
        const postgres = yield* RealPostgres
        const url = yield* postgres.newDatabase
        yield* postgres.run(url, "create schema empty")
        yield* postgres.run(url, "create role locker login password 'sesame-of-the-database'")
        const as = new URL(url.replace("fleet:", "locker:"))
        const one = yield* server(`${as.href}?options=-csearch_path%3Dempty`)
        const claim = yield* one.claims.claim("ses_1")
        assert.deepInclude(claim, { abandoned: undefined })
        const other = yield* server(url)
        assert.strictEqual(yield* other.claims.claim("ses_1"), "taken")
        yield* release(claim)
      }),
    )

    it.effect("of a server that was killed leaves no row for ever, and one that is held stays however old it is", () =>
      Effect.gen(function* () {
        const { newDatabase, run } = yield* RealPostgres
        const url = yield* newDatabase
        const one = yield* server(url)
        const other = yield* server(url)
        const sessions = ["", "x", "long".repeat(40)].map((name) => `ses_held${name}`)
        const held = yield* Effect.forEach(sessions, (session) => one.claims.claim(session))
        yield* run(url, "update opencode_fleet_claims set since = now() - interval '2 days'")
        for (const [session, age] of [
          ["ses_killed", "61 minutes"],
          ["ses_recent", "59 minutes"],
        ]) {
          yield* run(url, `insert into opencode_fleet_claims values ('${session}', now() - interval '${age}', true)`)
        }
        const left = Effect.map(run(url, "select session from opencode_fleet_claims order by session"), (rows) =>
          rows.map(({ session }) => session),
        )
        yield* release(yield* other.claims.claim("ses_any"))
        const kept = [...sessions, "ses_recent"].toSorted()
        yield* left.pipe(eventually((rows) => !rows.includes("ses_killed")))
        assert.deepStrictEqual([...(yield* left)].toSorted(), kept)
        yield* Effect.forEach(held, release)
        yield* left.pipe(eventually((rows) => rows.length === 1))
      }),
    )

    it.effect("waits while the database restarts", () =>
      Effect.gen(function* () {
        const postgres = yield* RealPostgres
        const url = yield* postgres.newDatabase
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => void lines.push(String(message)))
        const one = yield* Effect.provide(server(url), Logger.layer([logger]))
        yield* release(yield* one.claims.claim("ses_1"))
        yield* postgres.stop
        const waiting = yield* Effect.forkScoped(one.claims.claim("ses_1"), { startImmediately: true })
        yield* Effect.sync(() => lines.length).pipe(eventually((count) => count > 0))
        assert.isUndefined(waiting.pollUnsafe())
        yield* postgres.start
        const claim = yield* Effect.flatMap(
          Effect.sync(() => waiting.pollUnsafe()),
          (exit) => exit ?? Effect.succeed(undefined),
        ).pipe(eventually((made) => made !== undefined))
        assert.isObject(claim)
        const other = yield* server(url)
        assert.strictEqual(yield* other.claims.claim("ses_1"), "taken")
        assert.match(lines.join("\n"), /the database at .* cannot be used: /)
        assert.match(lines.join("\n"), /connected to the database at /)
        assert.notInclude(lines.join("\n"), "sesame")
      }),
    )
  })
})
