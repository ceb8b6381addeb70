/** The database of `DATABASE_URL` for one command. Loaded only where it is used. */
import { Context, Effect, Layer, type Redacted } from "effect"
import { Database } from "../../database/Database.ts"
import { layer } from "../../database/openDatabase.ts"

/** Open until the end of the scope. */
export const openedDatabase = Effect.fnUntraced(function* (url: Redacted.Redacted) {
  const database = Context.get(yield* Layer.build(layer(url)), Database)
  return database ?? (yield* Effect.die("the layer provides a database"))
})
