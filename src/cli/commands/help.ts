/** `opencode-fleet help` and `opencode-fleet version`: the flags `--help` and `--version` as commands. */
import { Effect, Option } from "effect"
import { Argument, CliError, Command } from "effect/cli"
import { CommandLine } from "../usage/CommandLine.ts"

const command = Argument.String("command").pipe(
  Argument.withDescription("The command to explain. Default: an overview of all commands"),
  Argument.optional,
)

export const help = Command.make(
  "help",
  { command },
  Effect.fnUntraced(function* ({ command }) {
    const { descriptor, showHelp } = yield* CommandLine
    const name = Option.getOrElse(command, () => "")
    const { name: program, subcommands } = yield* descriptor
    if (name !== "" && !subcommands.some((each) => each.name === name)) {
      const unknown = new CliError.UnknownSubcommand({ subcommand: name, suggestions: [] })
      return yield* new CliError.ShowHelp({ commandPath: [program], errors: [unknown] })
    }
    yield* showHelp(name)
  }),
).pipe(Command.withDescription("Show all commands, or explain one"))

export const version = Command.make("version", {}, () => Effect.flatMap(CommandLine, ({ version }) => version)).pipe(
  Command.withDescription("Show the version"),
)
