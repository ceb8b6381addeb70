/** `opencode-fleet prune`: removes the registrations of instances that are gone. No other command removes any. */
import { Console, DateTime, Duration, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { prune as pruneRegistrations, type Pruned } from "../../fleet/prune/prune.ts"
import { fleetLayerWith } from "../../layers.ts"
import { plainLine } from "../../text/plainText.ts"
import { Settings } from "../../Settings.ts"
import { registrationsLayer } from "../fleetLayer.ts"
import { CommandFailed, exitStatus, failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"
import { toJson } from "../terminal/terminal.ts"

const decodeDuration = Schema.decodeOption(Schema.DurationFromString)

const parseDuration = (value: string) =>
  Option.filter(decodeDuration(value), (duration) => Duration.isFinite(duration) && !Duration.isNegative(duration))

const verdictText = { removed: "removed", "would-remove": "would be removed", kept: "kept", failed: "failed" } as const

const lineOf = ({ file, name, reason, verdict }: Pruned) =>
  `${verdictText[verdict]}  ${plainLine(file)}${name === "" ? "" : ` (${name})`}: ${plainLine(reason)}`

const jsonOf = ({ file, name, reason, silentSince, verdict }: Pruned) => ({
  file,
  name,
  verdict,
  reason,
  ...(silentSince === undefined ? {} : { silent_since: DateTime.formatIso(DateTime.makeUnsafe(silentSince)) }),
})

/** Registered instances only, regardless of TRANSPORT. */
const registeredFleet = fleetLayerWith(registrationsLayer, Settings)

/** Builds a fleet when it is run, so that the snapshot is newer than the list of files. */
const refresh = Effect.flatMap(Fleet, ({ refresh }) => refresh).pipe(Effect.provide(registeredFleet, { local: true }))

/** The rows that `connect --registry` has written; none without a database. */
const prunedRows = Effect.fnUntraced(function* (options: { dryRun: boolean; silentFor: Duration.Duration }) {
  const { databaseUrl, stateDirectory } = yield* Settings
  if (databaseUrl === undefined) return []
  const [{ openedDatabase }, { pruneRows }] = yield* Effect.promise(() =>
    Promise.all([import("../settings/openedDatabase.ts"), import("../../discovery/postgres/pruneRows.ts")]),
  )
  const rows = yield* pruneRows(yield* openedDatabase(databaseUrl), { ...options, stateDirectory })
  return rows.map(({ source, ...row }): Pruned => ({ ...row, file: source, silentSince: undefined }))
}, Effect.scoped)

const run = Effect.fn(function* (options: { dryRun: boolean; silentFor: Duration.Duration; json: boolean }) {
  const { databaseUrl, relayDirectory, stateDirectory } = yield* Settings
  const files = yield* Effect.mapError(
    pruneRegistrations(refresh, { ...options, relayDirectory, stateDirectory }),
    failedWith,
  )
  const rows = yield* Effect.result(prunedRows(options))
  const pruned = [...files, ...(rows._tag === "Success" ? rows.success : [])]
  if (options.json) yield* Console.log(toJson(pruned.map(jsonOf)))
  else if (pruned.length === 0) {
    const where = databaseUrl === undefined || rows._tag === "Failure" ? "holds" : "and the database hold"
    yield* Console.error(`${plainLine(relayDirectory)} ${where} no registrations.`)
  } else yield* Effect.forEach(pruned, (one) => Console.log(lineOf(one)), { discard: true })
  if (rows._tag === "Failure") return yield* failedWith(rows.failure)
  const failed = pruned.filter(({ verdict }) => verdict === "failed").length
  if (failed > 0) {
    const reason = `${failed} registration${failed === 1 ? "" : "s"} could not be removed`
    return yield* new CommandFailed({ status: exitStatus.failed, reason })
  }
})

export const prune = Command.make(
  "prune",
  {
    dryRun: bareFlag("dry-run").pipe(Flag.withDescription("Show what would be removed, and change nothing")),
    silentFor: Flag.String("silent-for").pipe(
      Flag.withDescription(
        'How long an instance must have been silent, such as "30 minutes"; "0 seconds" removes every instance that does not answer now (default "7 days")',
      ),
      Flag.withMetavar("DURATION"),
      Flag.withDefault("7 days"),
      Flag.filterMap(parseDuration, () => 'a duration such as "7 days", "30 minutes" or "0 seconds"'),
    ),
    json: bareFlag("json").pipe(
      Flag.withDescription("Print JSON: an array of {file, name, verdict, reason, silent_since?}"),
    ),
  },
  run,
).pipe(
  Command.provide(settingsLayer),
  Command.withShortDescription("Remove registrations of instances that are gone"),
  Command.withDescription(
    `Removes the registrations of instances that are gone from the relay directory, and from the database of DATABASE_URL if it is set, and prints the reason for each.

A registration is removed if its instance does not answer and one of two things is true: its process on this machine has ended, or it has been silent for --silent-for. Silence starts at the first prune that finds the instance silent, because its machine may only be asleep. It starts again when a prune finds the instance answering, or when the file is rewritten. Registrations of instances that answer, files that are not registrations, and links are always kept. In the database, silence starts at the last heartbeat.

Exit status: 0; 1 if a registration could not be removed or the directory could not be read; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet prune --dry-run", description: "Show what would be removed" },
    { command: "opencode-fleet prune", description: "Remove what is gone, and start counting silence" },
    {
      command: 'opencode-fleet prune --silent-for "0 seconds"',
      description: "Remove every instance that does not answer now",
    },
  ]),
)
