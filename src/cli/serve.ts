/** `opencode-fleet serve`: the MCP server on stdio, until the client closes stdin or a signal comes. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect, Exit, Logger, References } from "effect"
import { toolsLayer } from "../layers.ts"
import { serve } from "../mcp/ToolServer.ts"
import { Settings } from "../Settings.ts"
import { FleetToolkit } from "../tools/FleetToolkit.ts"
import { instructions } from "../tools/instructions.ts"
import { version } from "../version.ts"
import { greet } from "./greeting.ts"

export const program = Effect.gen(function* () {
  // Somebody typed the command to see what it does: an MCP client has no terminal at the other end.
  if (process.stdin.isTTY) yield* Effect.forkScoped(greet)
  yield* serve(FleetToolkit, { name: "opencode-fleet", title: "opencode fleet", version, instructions })
}).pipe(
  Effect.scoped,
  Effect.provide(toolsLayer),
  Effect.provideServiceEffect(
    References.MinimumLogLevel,
    Effect.map(Settings, ({ logLevel }) => logLevel),
  ),
  Effect.provide(Settings.layer),
  Effect.provide([NodeFileSystem.layer, NodePath.layer]),
  Effect.tapErrorTag("SettingsError", ({ message }) => Console.error(`opencode-fleet: ${message}`)),
  // stdout belongs to the protocol. This has to stand outermost, or fibers forked further out would log there.
  Effect.provideService(Logger.LogToStderr, true),
)

/** How long an unread stdout may hold up the end. A client that has gone does not read it any more. */
const drainMs = 300

/**
 * Ends the process whatever is left in it: with 0 when the client has gone or a signal came, with 1 otherwise. Answers
 * that are still being written get a moment.
 */
export const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  const leave = () => process.exit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
  if (process.stdout.writableLength === 0) return leave()
  process.stdout.once("drain", leave)
  setTimeout(leave, drainMs)
}

export const runServe = (): void => NodeRuntime.runMain(program, { teardown })
