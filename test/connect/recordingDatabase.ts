/** A database that records the statements. */
import { Effect, Queue, Stream } from "effect"
import { DatabaseUnavailable, type DatabaseValues } from "../../src/database/Database.ts"
import { eventually } from "./joining.ts"

export const recording = () => {
  const statements: Array<readonly [string, ReadonlyArray<unknown>]> = []
  const changes = Effect.runSync(Queue.unbounded<void>())
  let isAway = false
  let attempts = 0
  const away = new DatabaseUnavailable({ address: "db:5432/fleet", reason: "it cannot be reached" })
  const session = Effect.suspend(() => {
    attempts++
    return isAway
      ? Effect.fail(away)
      : Effect.succeed({
          query: (sql: string, parameters: ReadonlyArray<unknown> = []) =>
            Effect.sync(() => {
              statements.push([sql.trim().split(" ", 1)[0] ?? "", parameters])
              return []
            }),
        })
  })
  const database: DatabaseValues = {
    address: away.address,
    session: () => session,
    sessionNow: session,
    changes: Stream.fromQueue(changes),
    migrated: Effect.void,
  }
  const of = (verb: string) => statements.flatMap(([sql, parameters]) => (sql === verb ? [parameters] : []))
  const setAway = (away: boolean) => {
    isAway = away
    if (!away) Queue.offerUnsafe(changes, undefined)
  }
  return { database, of, setAway, attempts: Effect.sync(() => attempts) }
}

/** Waits until other servers have been told of the row. */
export const announced = (of: ReturnType<typeof recording>["of"]) =>
  eventually(
    Effect.sync(() => of("notify").length),
    (count) => count > 0,
  )
