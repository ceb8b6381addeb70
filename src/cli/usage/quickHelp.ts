/** Shows help and the version five times as fast as the command-line parser, which is needed for everything else. */
import { Context } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { exitOnStdoutError } from "../process/exitOnStdoutError.ts"
import { styleOf } from "../terminal/styleOf.ts"
import { version } from "../../version.ts"
import { helps } from "./helps.ts"
import { helpText } from "./helpText.ts"

const isHelpFlag = (argument: string | undefined) => argument === "--help" || argument === "-h"

/** The command that the arguments ask about; undefined if they are no plain request for help. */
const commandOf = ([first = "", second, ...others]: ReadonlyArray<string>): string | undefined => {
  if (others.length > 0) return undefined
  if (second === undefined) return first === "help" || isHelpFlag(first) ? "" : undefined
  if (isHelpFlag(second)) return first
  return first === "help" ? second : undefined
}

/** What to show for the arguments; undefined if the command-line parser is needed. */
export const quickHelp = (args: ReadonlyArray<string>, columns: number, colours: boolean): string | undefined => {
  if (args.length === 1 && ["--version", "-v", "version"].includes(args[0] ?? "")) return `opencode-fleet v${version}`
  const command = commandOf(args)
  return command !== undefined && Object.hasOwn(helps, command) && helps[command] !== undefined
    ? helpText(helps[command], styleOf(colours), columns)
    : undefined
}

/** Returns whether it has shown what the arguments ask for. */
export const showQuickHelp = (args: ReadonlyArray<string>): boolean => {
  const { canAnimate, canColor } = Context.get(Context.empty(), TerminalCapabilities.TerminalCapabilities)
  const { columns = 0 } = process.stdout
  const text = quickHelp(args, canAnimate && columns > 0 ? columns : Infinity, canColor)
  if (text === undefined) return false
  exitOnStdoutError()
  process.stdout.write(`${text}\n`)
  return true
}
