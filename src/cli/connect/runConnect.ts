/** Runs `opencode-fleet connect`. Its command loads this on demand, because it would make every other command start later. */
import { Console, Effect, Logger, Option } from "effect"
import { type ConnectOptions, connectNew, connectRunning } from "../../connect/connect.ts"
import { opencodeVersion } from "../../connect/opencodeVersion.ts"
import { line } from "../../text/plainText.ts"
import { Settings } from "../../Settings.ts"
import { CommandFailed, exitStatus as statuses, failedBecause, failedWith } from "../process/exitStatus.ts"
import { OpencodeEnded } from "../process/opencodeEnded.ts"
import { takeStopSignals } from "../process/stopSignals.ts"
import { checkArguments, type ConnectArguments } from "./connectArguments.ts"
import { connectErrorText } from "./connectErrorText.ts"
import { openLog } from "./connectLog.ts"
import { showStatus } from "./connectStatus.ts"

/** Only the service of opencode 2 needs it. */
const opencode2 = Effect.promise(() => import("./opencode2.ts"))

/** The database in which the instance is announced; none without --registry. */
const registryOf = Effect.fnUntraced(function* ({ advertise, registry }: ConnectArguments) {
  if (!registry) return undefined
  const { databaseUrl } = yield* Settings
  if (databaseUrl === undefined) {
    return yield* new CommandFailed({
      status: statuses.usage,
      reason: "--registry needs DATABASE_URL, the database in which it announces opencode",
    })
  }
  return { databaseUrl, url: Option.getOrUndefined(advertise) }
})

/** Stays open until the end of the scope. */
const openRegistry = Effect.fnUntraced(function* (registry: Effect.Success<ReturnType<typeof registryOf>>) {
  if (registry === undefined) return undefined
  const { databaseUrl, url } = registry
  const { openedDatabase } = yield* Effect.promise(() => import("../settings/openedDatabase.ts"))
  return { database: yield* openedDatabase(databaseUrl), url }
})

export const runConnect = Effect.fnUntraced(function* (given: ConnectArguments) {
  const { attached, relayCommand } = yield* checkArguments(given)
  if (given.status) return yield* showStatus(given.json)
  const announcedIn = yield* registryOf(given)
  const settings = yield* Settings
  const log = yield* openLog({
    stateDirectory: settings.stateDirectory,
    instanceName: settings.instanceName,
    onStderr: given.headless || attached !== undefined,
  }).pipe(Effect.mapError(failedWith))
  const command = relayCommand ?? settings.relayCommand
  const fixed: ConnectOptions = {
    name: settings.instanceName,
    relayDirectory: settings.relayDirectory,
    stateDirectory: settings.stateDirectory,
    relay:
      command === undefined
        ? undefined
        : { command, directory: settings.relayRemoteDirectory, withoutPassword: given.withoutPassword },
    credentials: settings.credentials,
    probeTimeout: settings.probeTimeout,
    connect: { pid: process.pid, log: log.file },
    stopSignals: yield* takeStopSignals,
  }
  const { exitStatus, problem } = yield* Effect.gen(function* () {
    const { connectUserService, isUserService } = yield* opencode2
    const options = { ...fixed, registry: yield* openRegistry(announcedIn) }
    if (attached !== undefined) {
      return (yield* isUserService(attached.port))
        ? yield* connectUserService({ ...options, args: undefined })
        : yield* connectRunning({ ...options, ...attached })
    }
    const { api } = yield* opencodeVersion
    return api === 1
      ? yield* connectNew({ ...options, args: given.args, headless: given.headless })
      : yield* connectUserService({ ...options, args: given.headless ? undefined : given.args })
  }).pipe(
    Effect.mapError((error) => failedBecause(connectErrorText(error))),
    Effect.provide(Logger.layer(log.loggers)),
  )
  if (Option.isSome(problem)) {
    yield* Console.error(`opencode-fleet: ${line(connectErrorText(problem.value))} Log: ${log.file}`)
  }
  if (exitStatus !== 0) return yield* new OpencodeEnded({ status: exitStatus })
}, Effect.scoped)
