/** `opencode-fleet prune`: the only command that removes registrations. */
import { Console, DateTime, Duration, Effect, Layer, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { Fleet } from "../../fleet/Fleet.ts"
import { prune as pruneRegistrations, type Pruned } from "../../fleet/prune/prune.ts"
import * as RelayDirectory from "../../discovery/relay/RelayDirectory.ts"
import { fleetLayerWith } from "../../layers.ts"
import { plainLine } from "../../text/plainText.ts"
import { Settings } from "../../Settings.ts"
import { CommandFailed, exitStatus, failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"
import { toJson } from "../terminal/terminal.ts"

const decodeDuration = Schema.decodeOption(Schema.DurationFromString)

const waiting = (value: string) =>
  Option.filter(decodeDuration(value), (duration) => Duration.isFinite(duration) && !Duration.isNegative(duration))

const words = { removed: "removed", "would-remove": "would be removed", kept: "kept", failed: "failed" } as const

const lineOf = ({ file, name, reason, verdict }: Pruned) =>
  `${words[verdict]}  ${plainLine(file)}${name === "" ? "" : ` (${name})`}: ${plainLine(reason)}`

const jsonOf = ({ file, name, reason, silentSince, verdict }: Pruned) => ({
  file,
  name,
  verdict,
  reason,
  ...(silentSince === undefined ? {} : { silent_since: DateTime.formatIso(DateTime.makeUnsafe(silentSince)) }),
})

/** Only registrations are judged, whatever TRANSPORT says. */
const registered = Layer.unwrap(
  Effect.map(Settings, (settings) =>
    fleetLayerWith(
      RelayDirectory.layer({
        directory: settings.relayDirectory,
        strictModes: settings.credentials !== undefined,
      }),
      settings,
    ),
  ),
)

/** Built when it is run, so that the first refresh, which this is, begins then. */
const refresh = Effect.flatMap(Fleet, ({ refresh }) => refresh).pipe(Effect.provide(registered, { local: true }))

const run = Effect.fn(function* (options: { dryRun: boolean; silentFor: Duration.Duration; json: boolean }) {
  const { relayDirectory, stateDirectory } = yield* Settings
  const pruned = yield* Effect.mapError(
    pruneRegistrations(refresh, { ...options, relayDirectory, stateDirectory }),
    failedWith,
  )
  if (options.json) yield* Console.log(toJson(pruned.map(jsonOf)))
  else if (pruned.length === 0) yield* Console.error(`There is no registration in ${plainLine(relayDirectory)}.`)
  else yield* Effect.forEach(pruned, (one) => Console.log(lineOf(one)), { discard: true })
  const failed = pruned.filter(({ verdict }) => verdict === "failed").length
  if (failed > 0) {
    const reason = `${failed} of the registrations could not be removed`
    return yield* new CommandFailed({ status: exitStatus.failed, reason })
  }
})

export const prune = Command.make(
  "prune",
  {
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would be removed, and change nothing"),
      Flag.withDefault(false),
    ),
    silentFor: Flag.String("silent-for").pipe(
      Flag.withDescription(
        'How long an instance has to have been silent, such as "30 minutes"; "0 seconds": it does not answer now (default "7 days")',
      ),
      Flag.withMetavar("DURATION"),
      Flag.withDefault("7 days"),
      Flag.filterMap(waiting, () => 'a time such as "7 days", "30 minutes" or "0 seconds"'),
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print an array of {file, name, verdict, reason, silent_since?}"),
      Flag.withDefault(false),
    ),
  },
  run,
).pipe(
  Command.provide(settingsLayer),
  Command.withShortDescription("Remove registrations of instances that are gone"),
  Command.withDescription(
    `Removes from the relay directory the registrations of instances that are gone, and names each with the reason.

A registration is removed if its instance does not answer, and either its process on this machine has ended, or it has been silent for the time of --silent-for. The silence counts from the first prune that found it silent, for a machine may only be asleep; it counts anew once a prune has found it answering, or its file has been written. One whose instance answers, a file that is no registration, and a link always stay.

Exit status: 0; 1 if a registration could not be removed, or the directory could not be read; 2 if the command line makes no sense.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet prune --dry-run", description: "Only say what would be removed" },
    { command: "opencode-fleet prune", description: "Remove what is gone, and note what is silent for the next time" },
    { command: 'opencode-fleet prune --silent-for "0 seconds"', description: "Remove all that do not answer now" },
  ]),
)
