/** The PostgreSQL database that servers on several machines share. */
import { Effect } from "effect"
import { databaseAddress } from "../../../database/databaseAddress.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

const question = `
  select (select count(*) from opencode_fleet_instances)::int4 as instances,
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)
      or inet_server_addr() is null or inet_server_addr() << inet '127.0.0.0/8' or inet_server_addr() = inet '::1' as safe`

export const sharedDatabase: Check<Settings> = {
  name: "shared database",
  run: Effect.gen(function* () {
    const { databaseUrl } = yield* Settings
    if (databaseUrl === undefined) return []
    const { openedDatabase } = yield* Effect.promise(() => import("../../settings/openedDatabase.ts"))
    const address = databaseAddress(databaseUrl)
    return yield* Effect.gen(function* () {
      const { migrated, sessionNow } = yield* openedDatabase(databaseUrl)
      const { query } = yield* sessionNow
      yield* migrated
      const [row] = yield* query(question)
      const count = Number(row?.["instances"])
      return [
        ok(`the database at ${address} answers; ${count} instance${count === 1 ? " is" : "s are"} announced in it`),
        ...(row?.["safe"] === true
          ? []
          : [
              warning(
                `the connection to the database at ${address} is not encrypted`,
                "Add sslmode=require to DATABASE_URL, if its server knows TLS.",
              ),
            ]),
      ]
    }).pipe(
      Effect.scoped,
      Effect.catch(({ message }) =>
        Effect.succeed([
          problem(
            message,
            "Until then, servers on other machines are not kept out of a turn, and instances announced there are not found. Check DATABASE_URL, and that its user may connect and create tables.",
          ),
        ]),
      ),
    )
  }),
}
