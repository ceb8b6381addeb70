/**
 * `TRANSPORT=postgres`: instances that `connect --registry` has announced in the database that several machines share.
 *
 * A row is no proof of anything, because anyone who may write to the database may write any row: only hosts in `DATABASE_ALLOW`
 * receive the password.
 */
import { Array, Effect, Layer, Order, Schema, Stream } from "effect"
import { Database, type DatabaseValues } from "../../database/Database.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { machineId } from "../../machine/machineId.ts"
import { plainLine } from "../../text/plainText.ts"
import { type Announcement, Discovery, type Problem, type Scan } from "../Discovery.ts"
import { type Candidate, identifier, withheld } from "../identification/identifier.ts"
import { InstanceRow, isSilent, maxRows, readRows } from "./InstanceRow.ts"
import { announce, isAllowed, type ThisMachine, urlFor } from "./rowAnnouncement.ts"

const probing = { concurrency: 64, timeout: 2000, timeBudget: "3 seconds" } as const

const anybody = "anyone who can write to the database can announce an opencode"

export interface PostgresOptions {
  /** Hosts that may receive the password: names or addresses in URLs; `*` matches any text. Default: none. */
  readonly allow?: ReadonlyArray<string> | undefined
  /**
   * Absolute path of the directory with this machine's id, which `connect` uses, too. Without it, instances of this machine
   * are seen as those of others.
   */
  readonly stateDirectory?: string | undefined
}

interface RowCandidate extends Candidate {
  readonly row: InstanceRow
}

const problem = (reason: string): Problem => ({ source: "postgres", reason })

/** If two `connect` announce one instance, it has the name of the newer one, whichever sent its heartbeat last. */
const newestFirst = Order.mapInput(Order.flip(Order.Number), ({ started }: InstanceRow) => started)

const decode = Schema.decodeUnknownResult(InstanceRow)

const withoutDatabase = Discovery.of({
  scan: Effect.succeed({
    announcements: [],
    problems: [problem("finds nothing, because no database is configured")],
  }),
  changes: Stream.never,
})

const overDatabase = Effect.fnUntraced(function* (
  { address, changes, migrated, sessionNow }: DatabaseValues,
  { allow = [], stateDirectory }: PostgresOptions,
) {
  const { hostname } = yield* LocalMachine
  const here: ThisMachine = {
    hostname,
    id: stateDirectory === undefined ? undefined : yield* machineId(stateDirectory),
  }
  const identify = yield* identifier(probing)

  const read = Effect.gen(function* () {
    yield* migrated
    const { query } = yield* sessionNow
    return yield* query(readRows)
  })

  const announcements = Effect.fnUntraced(function* (rows: ReadonlyArray<InstanceRow>) {
    // Asked only where the password may go, and without it.
    const trusted = rows.flatMap((row): ReadonlyArray<RowCandidate> => {
      const url = urlFor(row, here)
      return url !== undefined && !isSilent(row) && isAllowed(url, allow)
        ? [{ key: `${row.id} ${url}`, url, mayHavePassword: true, likely: true, row }]
        : []
    })
    const { opencodes } = yield* identify(trusted)
    const identified = new Map(opencodes.map((one) => [one.candidate.row, one]))
    const isTrusted = new Set(trusted.map(({ row }) => row))
    return rows.map((row): Announcement => {
      const found = identified.get(row)
      const reason = !isTrusted.has(row)
        ? anybody
        : found === undefined
          ? "it has not yet answered as an opencode that requires one"
          : withheld(found, anybody)
      return announce(row, here, address, reason, isTrusted.has(row))
    })
  })

  const scan = Effect.gen(function* () {
    const all = yield* read
    const rows = all.slice(0, maxRows).map((row) => [row, decode(row)] as const)
    const usable = rows.flatMap(([, result]) => (result._tag === "Success" ? [result.success] : []))
    const found: Scan = {
      announcements: yield* announcements(Array.sort(usable, newestFirst)),
      problems: [
        ...rows.flatMap(([row, result]) =>
          result._tag === "Failure"
            ? [
                {
                  source: `row ${plainLine(String(row["id"]))} of the database`,
                  reason: `cannot be used: ${plainLine(result.failure.message)}`,
                },
              ]
            : [],
        ),
        ...(all.length > maxRows ? [problem(`announces more than ${maxRows} instances; the others are left out`)] : []),
      ],
    }
    return found
  }).pipe(
    Effect.catch(({ message }) =>
      Effect.succeed<Scan>({
        announcements: [],
        failed: true,
        problems: [problem(`is not up to date, because ${message}`)],
      }),
    ),
    Effect.withSpan("Postgres.scan"),
  )

  return Discovery.of({ scan, changes })
})

export const layer = (options: PostgresOptions) =>
  Layer.effect(
    Discovery,
    Effect.flatMap(Database, (database) =>
      database === undefined ? Effect.succeed(withoutDatabase) : overDatabase(database, options),
    ),
  )
