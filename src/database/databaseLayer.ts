/** `Database` over PostgreSQL. Its client, the package `@effect/sql-pg`, is loaded when the layer is built. */
import { Effect, Layer, type Redacted } from "effect"

/** Connects in the background, so building it neither waits for the database nor fails. */
export const databaseLayer = (url: Redacted.Redacted) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./openDatabase.ts")),
      ({ layer }) => layer(url),
    ),
  )
