/** The database that servers on several machines share. */
import { Effect, Option, Redacted } from "effect"
import { isDatabaseUrl } from "../database/databaseAddress.ts"
import { parsed } from "./variable.ts"

/** Undefined without a database. An error shows nothing of the value, because it holds a password. */
export const databaseUrl = parsed(
  "DATABASE_URL",
  "it takes the URL of a PostgreSQL database, such as postgresql://fleet:PASSWORD@db.example.com/fleet?sslmode=require",
  (value) => Option.liftPredicate(value.trim(), isDatabaseUrl),
  () => "…",
).pipe(Effect.map(Option.match({ onNone: () => undefined, onSome: (url) => Redacted.make(url) })))
