/** The command line: every command except the bare server, which is loaded without this module. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, type Exit, Runtime } from "effect"
import { CliError, Command } from "effect/cli"
import { version } from "../version.ts"
import { abort } from "./commands/abort.ts"
import { answer } from "./commands/answer.ts"
import { approve } from "./commands/approve.ts"
import { attach } from "./commands/attach.ts"
import { config } from "./commands/config.ts"
import { connect } from "./commands/connect.ts"
import { diff } from "./commands/diff.ts"
import { doctor } from "./commands/doctor.ts"
import { endProcess } from "./process/endProcess.ts"
import { exitStatus } from "./process/exitStatus.ts"
import { runProgram } from "./process/runProgram.ts"
import { instances } from "./commands/instances.ts"
import { new_ } from "./commands/new.ts"
import { prune } from "./commands/prune.ts"
import { telemetry } from "./telemetry/telemetry.ts"
import { reject } from "./commands/reject.ts"
import { send } from "./commands/send.ts"
import { sessions } from "./commands/sessions.ts"
import { start } from "./commands/start.ts"
import { wait } from "./commands/wait.ts"

/**
 * The server is loaded on demand, because the MCP SDK would make `--help` a sixth slower. It ends exactly as it does without
 * the command line.
 */
const runServer = Effect.promise(() => import("./commands/serve.ts")).pipe(
  Effect.flatMap(({ program, teardown }) => Effect.onExit(program, (exit) => Effect.sync(() => teardown(exit)))),
)

const serve = Command.make("serve", {}, () => runServer).pipe(
  Command.withDescription("Run the MCP server on stdin and stdout. This is the default command."),
)

const root = Command.make("opencode-fleet", {}, () => runServer).pipe(
  Command.withDescription("Finds every opencode instance you run and lets any MCP client work with it."),
  Command.withSubcommands([
    serve,
    connect,
    instances,
    sessions,
    send,
    wait,
    approve,
    reject,
    answer,
    new_,
    diff,
    abort,
    attach,
    start,
    doctor,
    prune,
    config,
  ]),
)

/** A usage error has its own status; every other error carries its status. */
const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  const isUsageError = exit._tag === "Failure" && CliError.isCliError(Cause.squash(exit.cause))
  // `setImmediate`, because a failed write (a full disk) is reported one tick later.
  Runtime.defaultTeardown(exit, (status) => setImmediate(endProcess, isUsageError ? exitStatus.usage : status))
}

/** A reader that closes stdout early (`| head`) is not an error. */
const onStdoutError = (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0)
  process.stderr.write(`opencode-fleet: cannot write to stdout: ${error.message}\n`)
  process.exit(exitStatus.failed)
}

export const runCli = (): void => {
  process.stdout.on("error", onStdoutError)
  runProgram(Effect.provide(Command.run(root, { version }), [NodeServices.layer, telemetry]), teardown)
}
