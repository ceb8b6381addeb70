/** Every command line but that of the server, which is loaded without this. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { version } from "../version.ts"
import { program, teardown } from "./serve.ts"

const serve = Command.make("serve", {}, () => program).pipe(
  Command.withDescription("Run the MCP server on stdin and stdout. This is what happens without a command, too."),
)

const root = Command.make("opencode-fleet", {}, () => program).pipe(
  Command.withDescription("Finds every opencode instance you run and lets any MCP client work with it."),
  Command.withSubcommands([serve]),
)

export const runCli = (): void =>
  NodeRuntime.runMain(Effect.provide(Command.run(root, { version }), NodeServices.layer), { teardown })
