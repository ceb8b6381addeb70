/** `opencode-fleet connect`: starts opencode as a member of the fleet, or registers a running one. */
import { Effect, Layer } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { opencodeLayer } from "../../layers.ts"
import type { ConnectArguments } from "../connect/connectArguments.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"

const flags = {
  headless: bareFlag("headless").pipe(
    Flag.withDescription(
      "Start `opencode serve` (opencode 2: its background service) instead of the terminal UI, on an unattended machine",
    ),
  ),
  attach: Flag.String("attach").pipe(
    Flag.optional,
    Flag.withMetavar("URL"),
    Flag.withDescription("Register an opencode that is already running on this machine, until it or this program ends"),
  ),
  relay: Flag.String("relay").pipe(
    Flag.optional,
    Flag.withMetavar("USER@HOST"),
    Flag.withDescription("Also register on that machine, through an SSH tunnel. Overrides RELAY_SSH_CMD"),
  ),
  registry: bareFlag("registry").pipe(
    Flag.withDescription("Also announce it in the database of DATABASE_URL, for servers on other machines"),
  ),
  advertise: Flag.String("advertise").pipe(
    Flag.optional,
    Flag.withMetavar("URL"),
    Flag.withDescription("With --registry: the URL at which other machines reach it, such as http://laptop.lan:4096"),
  ),
  withoutPassword: bareFlag("no-password").pipe(
    Flag.withDescription(
      "Use the relay although opencode 1 has no password: everyone with an account there can then run commands on this machine",
    ),
  ),
  status: bareFlag("status").pipe(
    Flag.withDescription("Show what is connected on this machine and the state of each tunnel, then exit"),
  ),
  json: bareFlag("json").pipe(
    Flag.withDescription(
      "With --status: print JSON, an array of {name, url, directory, running, pid, log, tunnel?: {relay, state, since, port?, reason?}, registration}; for opencode 2 with api: 2 in place of url and directory",
    ),
  ),
  args: Argument.String("opencode arguments").pipe(
    Argument.variadic(),
    Argument.withDescription("Passed to opencode; put them after --"),
  ),
}

const run = (given: ConnectArguments) =>
  Effect.flatMap(
    Effect.promise(() => import("../connect/runConnect.ts")),
    ({ runConnect }) => runConnect(given),
  )

export const connect = Command.make("connect", flags, run).pipe(
  Command.provide(Layer.provideMerge(opencodeLayer(), settingsLayer)),
  Command.withDescription(
    `Starts opencode and makes it a member of the fleet while it runs: registered on this machine and, with a relay, also there, through an SSH tunnel that reconnects whenever it breaks.

With opencode 2 it starts the background service if none is running, never stops it, and registers it on the relay only, because the fleet on this machine finds it without a registration.

A relay needs OPENCODE_SERVER_PASSWORD, because everyone with an account there can reach its 127.0.0.1. The tunnel is closed if the relay's sshd opens it to the network.

Exit status: opencode's own; 1 if opencode could not be started or registered; 2 for a usage error.`,
  ),
  Command.withShortDescription("Start opencode as a member of the fleet, on this machine and on a relay"),
  Command.withExamples([
    { command: "opencode-fleet connect", description: "Start the terminal UI, registered on this machine" },
    {
      command: "opencode-fleet connect --relay me@relay -- --model openai/gpt-5",
      description: "Register on a relay, too, and pass arguments to opencode",
    },
    {
      command: "opencode-fleet connect --headless",
      description: "Start opencode serve, for example on a build machine",
    },
    { command: "opencode-fleet connect --attach http://127.0.0.1:4096", description: "Register a running opencode" },
    { command: "opencode-fleet connect --status", description: "Show what is connected, and how" },
  ]),
)
