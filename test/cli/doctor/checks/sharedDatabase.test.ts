/** What `doctor` says of the database that several servers share. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { sharedDatabase } from "../../../../src/cli/doctor/checks/sharedDatabase.ts"
import { Settings } from "../../../../src/Settings.ts"
import { RealPostgres } from "../../../support/RealPostgres.ts"
import { withPostgres } from "../../../support/requirements.ts"

const observed = (databaseUrl: string | undefined) =>
  sharedDatabase.run.pipe(
    Effect.provide(
      Settings.layerOf({
        relayDirectory: "/relay",
        databaseUrl: databaseUrl === undefined ? undefined : Redacted.make(databaseUrl),
      }),
    ),
    Effect.map((all) => all.map(({ advice = "", message, state }) => `${state}: ${message} ${advice}`).join("\n")),
  )

describe("doctor, without DATABASE_URL", () => {
  it.effect("says nothing of a database", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* observed(undefined), "")
    }),
  )
})

withPostgres("doctor, with DATABASE_URL", () => {
  layer(RealPostgres.layer, { excludeTestServices: true })((it) => {
    it.effect("says that it answers, or why not, and never the password", () =>
      Effect.gen(function* () {
        const url = yield* (yield* RealPostgres).newDatabase
        const good = yield* observed(url)
        assert.match(good, /^ok: the database at .* answers; 0 instances are announced in it/u)
        const wrong = yield* observed(url.replace(/sesame[^@]*/u, "wrong-word"))
        assert.match(wrong, /^problem: .*it refuses the user or password/u)
        assert.include(wrong, "Check DATABASE_URL")
        assert.notMatch(good + wrong, /sesame|wrong-word/u)
      }),
    )
  })
})
