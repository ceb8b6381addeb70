/** The connection to a real PostgreSQL. */
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Redacted } from "effect"
import { Database } from "../../src/database/Database.ts"
import { layer as openDatabase, type OpenDatabaseOptions } from "../../src/database/openDatabase.ts"
import { eventually } from "../support/eventually.ts"
import { RealPostgres } from "../support/RealPostgres.ts"
import { withPostgres } from "../support/requirements.ts"

const open = Effect.fnUntraced(function* (url: string, options?: OpenDatabaseOptions) {
  const database = Context.get(yield* Layer.build(openDatabase(Redacted.make(url), options)), Database)
  return database ?? (yield* Effect.die("no database"))
})

withPostgres("The connection to the database", () => {
  layer(RealPostgres.layer, { excludeTestServices: true })((it) => {
    it.effect("is replaced if a statement has no answer", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const { session } = yield* open(url, { queryTimeout: Duration.seconds(1) })
        const first = yield* session("60 seconds")
        const { message } = yield* Effect.flip(first.query("select pg_sleep(600)"))
        assert.include(message, "it did not answer within 1 s")
        yield* Effect.flatMap(session("60 seconds"), ({ query }) => query("select 1 as one")).pipe(
          Effect.orElseSucceed(() => []),
          eventually((rows) => rows.length === 1),
        )
      }),
    )

    it.effect("is refused with a wrong password, which is said without it", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const { migrated, session } = yield* open(url.replace(/sesame[^@]*/u, "wrong-word"))
        const { message } = yield* Effect.flip(migrated)
        assert.include(message, "it refuses the user or password")
        assert.notInclude(message, "wrong-word")
        // A message waits only for a database that was there.
        assert.strictEqual((yield* Effect.flip(session("1 day"))).message, message)
      }),
    )
  })
})
