/** `opencode-fleet connect`: starts an opencode as a member of the fleet, or makes one that runs a member. */
import { Console, Effect, Layer, Logger, Option, Runtime, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { CommandLine } from "effect/process"
import { type ConnectOptions, connectRunning, connectNew } from "../../connect/connect.ts"
import { opencodeLayer } from "../../layers.ts"
import { line, quote } from "../../text/plainText.ts"
import { Settings } from "../../Settings.ts"
import { openLog } from "../connect/connectLog.ts"
import { showConnected } from "../connect/connectStatus.ts"
import { takeStopSignals } from "../process/stopSignals.ts"
import { CommandFailed, exitStatus, failedWith } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"

/** opencode has ended, and this program ends as it did. */
class Ended extends Schema.TaggedError<Ended>()("Ended", { status: Schema.Int }) {
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return this.status
  }
}

const loopback = new Set(["127.0.0.1", "localhost", "[::1]"])

/** The port of an opencode on this machine. */
const portOf = (attach: string) => {
  const url = URL.parse(/^\d+$/u.test(attach) ? `http://127.0.0.1:${attach}` : attach)
  return url !== null && url.protocol === "http:" && loopback.has(url.hostname)
    ? Effect.succeed(Number(url.port === "" ? 80 : url.port))
    : Effect.fail(
        new CommandFailed({
          status: exitStatus.usage,
          reason: `--attach ${quote(attach)}: it takes the address of an opencode on this machine, such as http://127.0.0.1:4096`,
        }),
      )
}

/** A host that began with a dash would be an option of ssh's. */
const relayHost = /^[\p{L}\p{N}_][\p{L}\p{N}_.@:%[\]-]*$/u

const relayCommand = (relay: string) =>
  relayHost.test(relay)
    ? Effect.succeed(`ssh ${CommandLine.display([relay])}`)
    : Effect.fail(
        new CommandFailed({
          status: exitStatus.usage,
          reason: `--relay ${quote(relay)}: it takes user@host, or a host of your ssh configuration; RELAY_SSH_CMD takes a whole command line`,
        }),
      )

const flags = {
  headless: Flag.Boolean("headless").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Start `opencode serve` instead of the terminal UI, for a machine without a person"),
  ),
  attach: Flag.String("attach").pipe(
    Flag.optional,
    Flag.withMetavar("URL"),
    Flag.withDescription("Register an opencode that runs already on this machine, until it or this program ends"),
  ),
  relay: Flag.String("relay").pipe(
    Flag.optional,
    Flag.withMetavar("USER@HOST"),
    Flag.withDescription("Be reachable on that machine, too, through an SSH tunnel. RELAY_SSH_CMD does the same"),
  ),
  status: Flag.Boolean("status").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Show what is connected on this machine and how its tunnels are, and end"),
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDefault(false),
    Flag.withDescription(
      "With --status: as JSON, an array of {name, url, directory, running, pid, log, tunnel?: {relay, state, since, port?, reason?}, registration}",
    ),
  ),
  args: Argument.String("opencode arguments").pipe(
    Argument.variadic(),
    Argument.withDescription("Passed on to opencode; put them behind --"),
  ),
}

export const connect = Command.make(
  "connect",
  flags,
  Effect.fnUntraced(function* ({ args, attach, headless, json, relay, status }) {
    const contradiction = [
      status &&
        (headless || args.length > 0 || Option.isSome(attach) || Option.isSome(relay)) &&
        "--status stands alone",
      json && !status && "--json goes with --status",
      headless && Option.isSome(attach) && "--headless starts an opencode, and --attach takes one that runs",
      args.length > 0 && Option.isSome(attach) && "an opencode that runs already takes no arguments",
    ].find((text) => text !== false)
    if (contradiction !== undefined) {
      return yield* new CommandFailed({ status: exitStatus.usage, reason: contradiction })
    }
    if (status) return yield* showConnected(json)
    const command = Option.isSome(relay) ? yield* relayCommand(relay.value) : undefined
    const port = Option.isSome(attach) ? yield* portOf(attach.value) : undefined
    const log = yield* Effect.mapError(openLog(headless || port !== undefined), failedWith)
    const options: ConnectOptions = {
      connect: { pid: process.pid, log: log.file },
      stopSignals: yield* takeStopSignals,
    }
    const { status: ended, trouble } = yield* (
      port === undefined ? connectNew({ ...options, args, headless }) : connectRunning({ ...options, port })
    ).pipe(
      Effect.mapError(failedWith),
      Effect.provide(Logger.layer(log.loggers)),
      command === undefined
        ? (same) => same
        : Effect.updateService(Settings, (settings) => ({ ...settings, relayCommand: command })),
    )
    if (Option.isSome(trouble)) yield* Console.error(`opencode-fleet: ${line(trouble.value)}. Its log: ${log.file}`)
    if (ended !== 0) return yield* new Ended({ status: ended })
  }, Effect.scoped),
).pipe(
  Command.provide(Layer.provideMerge(opencodeLayer(), settingsLayer)),
  Command.withDescription(
    "Start opencode and make it a member of the fleet for as long as it runs: registered on this machine and, with a relay, reachable there through an SSH tunnel that is made anew whenever it breaks. The exit status is opencode's.",
  ),
  Command.withShortDescription("Start opencode as a member of the fleet, on this machine and on a relay"),
  Command.withExamples([
    { command: "opencode-fleet connect", description: "The terminal UI, registered on this machine" },
    { command: "opencode-fleet connect --relay me@relay -- --model openai/gpt-5", description: "Also on a relay" },
    { command: "opencode-fleet connect --headless", description: "opencode serve, for a build box" },
    { command: "opencode-fleet connect --attach http://127.0.0.1:4096", description: "One that runs already" },
    { command: "opencode-fleet connect --status", description: "What is connected here, and how" },
  ]),
)
