/** The command line: every command except the bare server, which is loaded without this module. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, type Exit, Layer, Runtime, Stdio } from "effect"
import { CliError, Command, Completions } from "effect/cli"
import { version } from "../version.ts"
import { abort } from "./commands/abort.ts"
import { answer } from "./commands/answer.ts"
import { approve } from "./commands/approve.ts"
import { attach } from "./commands/attach.ts"
import { complete } from "./completion/complete.ts"
import { completion } from "./commands/completion.ts"
import { config } from "./commands/config.ts"
import { connect } from "./commands/connect.ts"
import { describe } from "./commands/describe.ts"
import { diff } from "./commands/diff.ts"
import { doctor } from "./commands/doctor.ts"
import { fork } from "./commands/fork.ts"
import { help, version as versionCommand } from "./commands/help.ts"
import { endProcess } from "./process/endProcess.ts"
import { CommandFailed, exitStatus } from "./process/exitStatus.ts"
import { exitOnStdoutError } from "./process/exitOnStdoutError.ts"
import { runProgram } from "./process/runProgram.ts"
import { instances } from "./commands/instances.ts"
import { new_ } from "./commands/new.ts"
import { notify } from "./commands/notify.ts"
import { prune } from "./commands/prune.ts"
import { telemetry } from "./telemetry/telemetry.ts"
import { read } from "./commands/read.ts"
import { reject } from "./commands/reject.ts"
import { send } from "./commands/send.ts"
import { needsHttp, runServeHttp, serveInput } from "./server/serveHttp.ts"
import { sessions } from "./commands/sessions.ts"
import { start } from "./commands/start.ts"
import { wait } from "./commands/wait.ts"
import { CommandLine, takeHelp } from "./usage/CommandLine.ts"
import { MoreHelp } from "./usage/MoreHelp.ts"
import { environment, rootDescription, rootExamples } from "./usage/rootHelp.ts"
import { usageLines, usageOutput } from "./usage/usageOutput.ts"

/**
 * The server is loaded on demand, because the MCP SDK would make `--help` a sixth slower. It ends exactly as it does without
 * the command line.
 */
const runServer = Effect.promise(() =>
  Promise.all([import("./commands/serve.ts"), import("./server/program.ts")]),
).pipe(
  Effect.flatMap(([{ openServer }, { program, teardown }]) =>
    Effect.onExit(program(openServer().served), (exit) => Effect.sync(() => teardown(exit))),
  ),
)

const serve = Command.make("serve", serveInput, (input) =>
  input.http ? runServeHttp(input) : Effect.andThen(needsHttp(input), runServer),
).pipe(
  Command.withDescription(
    "Run the MCP server on stdin and stdout (the default command), or over HTTP for several clients at once.",
  ),
)

/** Everything that can be typed. */
export const root = Command.make("opencode-fleet", {}, () => runServer).pipe(
  Command.withDescription(rootDescription),
  Command.withExamples(rootExamples),
  Command.annotate(MoreHelp, [environment]),
  Command.withSubcommands([
    {
      group: "WORK WITH AGENTS",
      commands: [sessions, read, new_, fork, send, wait, approve, reject, answer, abort, diff, attach],
    },
    { group: "THE FLEET", commands: [instances, describe, notify, connect, start, prune] },
    { group: "SET UP", commands: [config, doctor, serve, completion, help, versionCommand] },
    complete,
  ]),
)

const run = Command.runWith(root, { version })

export const commandLine = Layer.effect(
  CommandLine,
  Effect.map(Effect.context<Command.Environment>(), (services) => {
    const show = (...args: ReadonlyArray<string>) =>
      Effect.suspend(() => Effect.provideService(run(args), CommandLine, self)).pipe(
        Effect.provide(services),
        Effect.orDie,
      )
    const self: CommandLine["Service"] = {
      version: show("--version"),
      showHelp: (command) => show(...(command === "" ? [] : [command]), "--help"),
      descriptor: Effect.sync(() => Completions.fromCommand(root)),
    }
    return self
  }),
)

const isUsageError = (error: unknown): boolean =>
  CliError.isCliError(error) || (error instanceof CommandFailed && error.status === exitStatus.usage)

/** A command may find a usage error itself. It knows what is wrong, but not how it is called. */
const showUsage = Effect.gen(function* () {
  const { descriptor, showHelp } = yield* CommandLine
  const [name = ""] = yield* (yield* Stdio.Stdio).args
  const { subcommands } = yield* descriptor
  const docs = yield* takeHelp(showHelp(subcommands.some((each) => each.name === name) ? name : ""))
  yield* Effect.forEach(docs, (doc) => Console.error(usageLines(doc)), { discard: true })
})

/** Runs what the arguments of the process say. */
export const program = Effect.gen(function* () {
  const { args } = yield* Stdio.Stdio
  yield* run(yield* args)
}).pipe(
  Effect.tapError((error) => (error instanceof CommandFailed && isUsageError(error) ? showUsage : Effect.void)),
  Effect.provide(Layer.mergeAll(usageOutput, commandLine)),
)

/** A usage error has its own status; every other error carries its status. */
const teardown = <E, A>(exit: Exit.Exit<E, A>) => {
  const isUsage = exit._tag === "Failure" && isUsageError(Cause.squash(exit.cause))
  // `setImmediate`, because a failed write (a full disk) is reported one tick later.
  Runtime.defaultTeardown(exit, (status) => setImmediate(endProcess, isUsage ? exitStatus.usage : status))
}

export const runCli = (): void => {
  exitOnStdoutError()
  runProgram(Effect.provide(program, [NodeServices.layer, telemetry]), teardown)
}
