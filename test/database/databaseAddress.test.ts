/** What is shown of the URL of a database. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { databaseAddress } from "../../src/database/databaseAddress.ts"

describe("The address of a database", () => {
  it.each([
    ["postgresql://fleet:hunter2@db.example.com/fleet?sslmode=require", "db.example.com:5432/fleet"],
    ["postgres://db:6000/a%20b?password=hunter2&user=me", "db:6000/a b"],
    ["postgres://fleet:hunter2@%2Frun%2Fpostgresql/fleet", "/run/postgresql:5432/fleet"],
    ["postgres:///fleet?host=/run/postgresql&password=hunter2", "/run/postgresql:5432/fleet"],
    ["postgres://[::1]:5433", "[::1]:5433"],
    ["postgres://fleet:hunter2@%E0%A4%A/x", "%E0%A4%A:5432/x"],
    ["postgres://fleet:12/hunter2@db/fleet", "an address that is not a PostgreSQL URL"],
    ["postgres://fleet:?hunter2@db/fleet", "an address that is not a PostgreSQL URL"],
    ["postgres://fleet:1#hunter2@db/fleet", "an address that is not a PostgreSQL URL"],
    ["postgres://fleet:hunter2@db/fleet?user=me@db", "db:5432/fleet"],
    ["hunter2", "an address that is not a PostgreSQL URL"],
  ])("of %s has no password", (url, shown) => {
    assert.strictEqual(databaseAddress(Redacted.make(url)), shown)
  })
})
