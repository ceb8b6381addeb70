/** Removes the rows of instances that are gone. Otherwise only `connect` removes a row: its own, at its end. */
import { Duration, Effect, Option, Schema, Stream } from "effect"
import { type DatabaseSession, type DatabaseValues, notifyServers } from "../../database/Database.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { machineId } from "../../machine/machineId.ts"
import { line } from "../../text/plainText.ts"
import { InstanceRow, isSilent, maxRows, readRowsAfter, silentSeconds } from "./InstanceRow.ts"
import { isHere, silenceText } from "./rowAnnouncement.ts"

interface PrunedRow {
  /** Where the row is, for messages. */
  readonly source: string
  readonly name: string
  readonly verdict: "removed" | "would-remove" | "kept"
  readonly reason: string
}

interface PruneRowsOptions {
  /** Absolute path of the directory with this machine's id. */
  readonly stateDirectory: string
  /** How long an instance must have been silent, by the clock of the database and while it was running. */
  readonly silentFor: Duration.Duration
  /** Changes nothing. */
  readonly dryRun: boolean
}

// The heartbeat may have come since.
const remove = `
  delete from opencode_fleet_instances
  where id = $1 and ${silentSeconds} >= $2
  returning id`

const isRow = Schema.is(InstanceRow)

/** All rows, in pages. */
const allRows = ({ query }: DatabaseSession) =>
  Stream.paginate("", (after) =>
    Effect.map(query(readRowsAfter, [after]), (rows) => [
      rows.filter(isRow),
      rows.length < maxRows ? Option.none() : Option.some(String(rows.at(-1)?.["id"])),
    ]),
  )

export const pruneRows = Effect.fnUntraced(function* (
  { address, migrated, sessionNow }: DatabaseValues,
  { dryRun, silentFor, stateDirectory }: PruneRowsOptions,
) {
  const { hostname, isAlive } = yield* LocalMachine
  const here = { hostname, id: yield* machineId(stateDirectory) }
  yield* migrated
  const session = yield* sessionNow
  const { query } = session
  const prune = (row: InstanceRow) =>
    Effect.gen(function* () {
      const { birth, heartbeat_seconds, id, pid, silent_seconds } = row
      const as = (verdict: PrunedRow["verdict"], reason: string): PrunedRow => ({
        source: `row ${id} of the database at ${address}`,
        name: line(row.name, 180),
        verdict,
        reason,
      })
      if (!isSilent(row)) return as("kept", `its last heartbeat was ${silenceText(silent_seconds)} ago`)
      const hasEnded = isHere(row, here) && pid !== null && !isAlive(pid, birth ?? undefined)
      const reason = hasEnded
        ? `its process ${pid} has ended`
        : `has sent no heartbeat for ${silenceText(silent_seconds)}`
      if (!hasEnded && silent_seconds < Duration.toSeconds(silentFor)) {
        return as("kept", `${reason}; removed later, or now with --silent-for "0 seconds"`)
      }
      if (dryRun) return as("would-remove", reason)
      const removed = yield* query(remove, [id, heartbeat_seconds])
      return removed.length === 0 ? as("kept", "has sent a heartbeat just now") : as("removed", reason)
    })
  const pruned = yield* Stream.runCollect(Stream.mapEffect(allRows(session), prune))
  if (pruned.some(({ verdict }) => verdict === "removed")) yield* query(notifyServers)
  return pruned
})
