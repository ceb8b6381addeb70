/** Every command line but that of the server, which is loaded without this. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, type Exit, Logger, Runtime } from "effect"
import { CliError, Command } from "effect/cli"
import { version } from "../version.ts"
import { config } from "./commands/config.ts"
import { connect } from "./commands/connect.ts"
import { doctor } from "./commands/doctor.ts"
import { endProcess } from "./process/endProcess.ts"
import { exitStatus } from "./process/exitStatus.ts"
import { instances } from "./commands/instances.ts"
import { prune } from "./commands/prune.ts"
import { telemetry } from "./telemetry/telemetry.ts"
import { send } from "./commands/send.ts"
import { sessions } from "./commands/sessions.ts"

/**
 * Loaded when it is asked for: no other command needs the MCP SDK, a sixth of the time that `--help` would take. The
 * server ends as it does without the command line, whoever ends it.
 */
const served = Effect.promise(() => import("./commands/serve.ts")).pipe(
  Effect.flatMap(({ program, teardown }) => Effect.onExit(program, (exit) => Effect.sync(() => teardown(exit)))),
)

const serve = Command.make("serve", {}, () => served).pipe(
  Command.withDescription("Run the MCP server on stdin and stdout. This is what happens without a command, too."),
)

const root = Command.make("opencode-fleet", {}, () => served).pipe(
  Command.withDescription("Finds every opencode instance you run and lets any MCP client work with it."),
  Command.withSubcommands([serve, connect, instances, sessions, send, doctor, prune, config]),
)

/** A command line that makes no sense has a status of its own; all else says its status itself. */
const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  const misused = exit._tag === "Failure" && CliError.isCliError(Cause.squash(exit.cause))
  // That a write has failed, on a full disk, is told a moment later.
  Runtime.defaultTeardown(exit, (status) => setImmediate(endProcess, misused ? exitStatus.usage : status))
}

/** Who reads the output may have seen enough (`| head`). */
const endWithReader = (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0)
  process.stderr.write(`opencode-fleet: cannot write to stdout: ${error.message}\n`)
  process.exit(exitStatus.failed)
}

export const runCli = (): void => {
  process.stdout.on("error", endWithReader)
  Command.run(root, { version }).pipe(
    Effect.provide(NodeServices.layer),
    Effect.provide(telemetry),
    // Outermost, or fibers forked further out would log to stdout, which belongs to what the command prints.
    Effect.provideService(Logger.LogToStderr, true),
    NodeRuntime.runMain({ teardown }),
  )
}
