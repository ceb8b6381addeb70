/** `opencode-fleet serve`: the MCP server on stdio, until the client closes stdin or a signal comes. */
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Deferred, Effect, Exit, Fiber, Layer, Logger, References, Runtime, Schema } from "effect"
import { identity } from "../../identity.ts"
import { serve } from "../../mcp/ToolServer.ts"
import { endProcess } from "../process/endProcess.ts"
import { telemetry } from "../telemetry/telemetry.ts"
import { Settings } from "../../Settings.ts"
import { FleetToolkit } from "../../tools/FleetToolkit.ts"

/** Loading the fleet makes way for the client's first two questions, unless it calls a tool before that. */
const headStart = "100 millis"

/** The server cannot start, and stderr says why already. */
class NotServed extends Schema.TaggedError<NotServed>()("NotServed", {}) {
  override readonly [Runtime.errorReported] = false
}

export const program = Effect.gen(function* () {
  // Loaded by a fiber of the program, not of the first call: the fleet must outlive that call, and what it does later
  // must not be traced and logged as a part of it.
  const wanted = yield* Deferred.make<void>()
  const loading = yield* Deferred.await(wanted).pipe(
    Effect.timeoutOption(headStart),
    Effect.andThen(Effect.promise(() => import("../server/toolkit.ts"))),
    Effect.flatMap(({ buildToolkit }) => buildToolkit),
    Effect.forkScoped,
  )
  const fleet = Effect.andThen(Deferred.succeed(wanted, undefined), Fiber.join(loading))
  // Somebody typed the command to see what it does: an MCP client has no terminal at the other end.
  if (process.stdin.isTTY) yield* Effect.forkScoped(Effect.flatMap(fleet, ({ greet }) => greet))
  yield* serve(
    FleetToolkit,
    Effect.flatMap(fleet, ({ handled }) => handled),
    identity,
  )
}).pipe(
  Effect.scoped,
  Effect.provideServiceEffect(
    References.MinimumLogLevel,
    Effect.map(Settings, ({ logLevel }) => logLevel),
  ),
  Effect.provide(Layer.provideMerge(Settings.layer, NodePath.layer)),
  Effect.catchTag("SettingsError", ({ message }) =>
    Console.error(`opencode-fleet: ${message}`).pipe(Effect.andThen(Effect.fail(new NotServed()))),
  ),
  // stdout belongs to the protocol. This has to stand outermost, or fibers forked further out would log there.
  Effect.provideService(Logger.LogToStderr, true),
)

/** How long an unread stdout may hold up the end. A client that has gone does not read it any more. */
const drainMs = 300

/** With 0 when the client has gone or a signal came, with 1 otherwise. Answers that are still being written get a moment. */
export const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  endProcess(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1, drainMs)
}

export const runServe = (): void =>
  program.pipe(
    Effect.provide(telemetry),
    Effect.provideService(Logger.LogToStderr, true),
    NodeRuntime.runMain({ teardown }),
  )
