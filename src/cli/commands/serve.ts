/** `opencode-fleet serve`: the MCP server on stdio, until the client closes stdin or exits, or a signal arrives. */
import * as NodePath from "@effect/platform-node/NodePath"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, References } from "effect"
import { serverInfo } from "../../serverInfo.ts"
import { serve } from "../../mcp/ToolServer.ts"
import { endProcess } from "../process/endProcess.ts"
import { parentExit } from "../process/parentExit.ts"
import { runProgram } from "../process/runProgram.ts"
import { reportInvalidSettings } from "../settings/reportInvalidSettings.ts"
import { telemetry } from "../telemetry/telemetry.ts"
import { Settings } from "../../Settings.ts"
import { FleetToolkit, FleetToolkitWithStart } from "../../tools/FleetToolkit.ts"

/** Delay before the fleet is loaded, so that the client's first two requests are answered sooner. A tool call ends the delay. */
const headStart = "100 millis"

const unavailable = {
  start_instance:
    "the environment variable SSH_HOSTS of opencode-fleet is not set. It lists the hosts on which opencode may be started.",
}

export const program = Effect.gen(function* () {
  // A fiber of the program loads the fleet, not one of the first call: the fleet must outlive that call, and its later work
  // must not be traced and logged as part of it.
  const wanted = yield* Deferred.make<void>()
  const loading = yield* Deferred.await(wanted).pipe(
    Effect.timeoutOption(headStart),
    Effect.andThen(Effect.promise(() => import("../server/toolkit.ts"))),
    Effect.flatMap(({ buildToolkit }) => buildToolkit),
    Effect.forkScoped,
  )
  const fleet = Effect.andThen(Deferred.succeed(wanted, undefined), Fiber.join(loading))
  // A terminal on stdin means that the server was started by hand; an MCP client uses a pipe.
  if (process.stdin.isTTY) yield* Effect.forkScoped(Effect.flatMap(fleet, ({ greet }) => greet))
  const { sshHosts } = yield* Settings
  if (sshHosts.length > 0) {
    const handled = Effect.flatMap(fleet, ({ handledWithStart }) => handledWithStart)
    return yield* Effect.raceFirst(serve(FleetToolkitWithStart, handled, serverInfo), parentExit)
  }
  const handled = Effect.flatMap(fleet, ({ handled }) => handled)
  yield* Effect.raceFirst(serve(FleetToolkit, handled, { ...serverInfo, unavailable }), parentExit)
}).pipe(
  Effect.scoped,
  Effect.provideServiceEffect(
    References.MinimumLogLevel,
    Effect.map(Settings, ({ logLevel }) => logLevel),
  ),
  Effect.provide(Layer.provideMerge(Settings.layer, NodePath.layer)),
  Effect.catchTag("SettingsError", reportInvalidSettings),
)

/** Milliseconds that an unread stdout may delay the exit, because a disconnected client no longer reads it. */
const drainMs = 300

/** Exits with 0 if the client disconnected or a signal arrived, otherwise with 1. Pending output is flushed first. */
export const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  endProcess(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1, drainMs)
}

export const runServe = (): void => runProgram(Effect.provide(program, telemetry), teardown)
