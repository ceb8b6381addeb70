/** The server behind an open connection: the fleet, the tools' calls, and the end. */
import * as NodePath from "@effect/platform-node/NodePath"
import { Cause, type Config, Console, Effect, Exit, Fiber, Layer, References } from "effect"
import type { Connection } from "../../mcp/connection.ts"
import type { Backend } from "../../mcp/toolServers.ts"
import { makeBackend, onInputEnd } from "../../mcp/effectBackend.ts"
import { collectSooner, keepYoungGeneration } from "../../machine/heapSize.ts"
import { serverInfo } from "../../serverInfo.ts"
import { Settings, type SettingsError } from "../../Settings.ts"
import { FleetToolkit, FleetToolkitWithStart } from "../../tools/FleetToolkit.ts"
import { inputEndText } from "../../tools/endingText.ts"
import { tasks } from "../../tools/tasks/tasks.ts"
import { endProcess } from "../process/endProcess.ts"
import { parentExit } from "../process/parentExit.ts"
import { runProgram } from "../process/runProgram.ts"
import { reportInvalidSettings } from "../settings/reportInvalidSettings.ts"
import { exporter } from "../telemetry/telemetry.ts"
import { drainMs } from "./drainMs.ts"
import { refusal } from "./refusal.ts"
import { buildToolkit } from "./toolkit.ts"

/** An open connection that waits for its backend. */
export interface Served {
  readonly connection: Connection
  readonly attach: (backend: Backend) => void
  readonly hasParentExited: () => boolean
  readonly isByHand: boolean
  /** Whether `start_instance` is among the listed tools. */
  readonly offersStart: boolean
}

const ended = ({ connection, hasParentExited }: Served) =>
  Effect.raceFirst(
    Effect.promise(() => connection.closed),
    parentExit(hasParentExited),
  )

const working = Effect.fnUntraced(function* (served: Served) {
  yield* collectSooner
  const loading = yield* Effect.forkScoped(buildToolkit)
  const fleet = Fiber.join(loading)
  yield* fleet.pipe(
    Effect.flatMap(({ refreshed }) => refreshed),
    Effect.andThen(keepYoungGeneration),
    Effect.forkScoped,
  )
  if (served.isByHand) yield* Effect.forkScoped(Effect.flatMap(fleet, ({ greet }) => greet))
  const options = { serverName: serverInfo.name, tasks, endingText: inputEndText, grace: onInputEnd }
  const backend = served.offersStart
    ? makeBackend(
        FleetToolkitWithStart,
        Effect.flatMap(fleet, ({ handledWithStart }) => handledWithStart),
        options,
      )
    : makeBackend(
        FleetToolkit,
        Effect.flatMap(fleet, ({ handled }) => handled),
        options,
      )
  served.attach(yield* backend)
  yield* Effect.addFinalizer(() => Effect.promise(served.connection.close))
  yield* ended(served)
}, Effect.scoped)

/** A client shows little of a server that exits, so every call is answered with the error until the client closes stdin. */
const refusing = (served: Served) => (error: SettingsError) =>
  served.isByHand
    ? reportInvalidSettings(error)
    : Console.error(`opencode-fleet: ${error.message}`).pipe(
        Effect.andThen(Effect.sync(() => served.attach(refusal(error)))),
        Effect.andThen(ended(served)),
      )

/** Serves with the exporter of telemetry. */
export const program = (
  served: Served,
  telemetry: Layer.Layer<never, SettingsError | Config.ConfigError> = Layer.empty,
) =>
  working(served).pipe(
    Effect.provideServiceEffect(
      References.MinimumLogLevel,
      Effect.map(Settings, ({ logLevel }) => logLevel),
    ),
    Effect.provide([Layer.provideMerge(Settings.layer, NodePath.layer), telemetry]),
    Effect.catchTag("SettingsError", refusing(served)),
  )

/** Exits with 0 if the client disconnected or a signal arrived, otherwise with 1. Pending output is flushed first. */
export const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  endProcess(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1, drainMs)
}

export const run = (served: Served): void => runProgram(program(served, exporter), teardown)
