/** How help, usage lines and usage errors write arguments and flags. */
import { Option } from "effect"
import type { HelpDoc } from "effect/cli"

const upperCase = (name: string) => name.toUpperCase().replaceAll(" ", "-")

/** An argument: `INSTANCE`. */
export const argumentName = upperCase

const choicesSuffix = /\s*\(choices: (?<choices>[^()]*)\)$/u

/** The values that a flag takes; undefined if it takes any. */
export const choicesOf = ({ description }: HelpDoc.FlagDoc): ReadonlyArray<string> | undefined =>
  choicesSuffix.exec(Option.getOrElse(description, () => ""))?.groups?.["choices"]?.split(", ")

/** A list of choices that is longer stands in the description instead. */
const longestChoices = 24

/** Whether a flag takes no value. */
export const isBare = ({ type }: HelpDoc.FlagDoc): boolean => type === "boolean" || type === "[=boolean]"

/** The value of a flag as the help shows it; an empty text if the flag takes none. */
export const valueName = (flag: HelpDoc.FlagDoc): string => {
  const choices = choicesOf(flag)?.join("|")
  if (choices !== undefined) return choices.length <= longestChoices ? choices : upperCase(flag.name)
  if (isBare(flag)) return ""
  switch (flag.type) {
    case "integer":
    case "float":
      return "NUMBER"
    case "string":
      return upperCase(flag.name)
    default:
      return flag.type
  }
}

/** All spellings of a flag with its value: `-d, --directory DIRECTORY`. */
export const flagNames = (flag: HelpDoc.FlagDoc): string => {
  const names = [...flag.aliases.toSorted((one, other) => one.length - other.length), `--${flag.name}`].join(", ")
  return `${names} ${valueName(flag)}`.trimEnd()
}

/** What the flag does. Choices that stand beside the flag's name are not repeated. */
export const flagDescription = (flag: HelpDoc.FlagDoc): string => {
  const description = Option.getOrElse(flag.description, () => "")
  return valueName(flag).includes("|") ? description.replace(choicesSuffix, "") : description
}

const argumentUsage = ({ name, required, variadic }: HelpDoc.ArgDoc): string => {
  const shown = `${argumentName(name)}${variadic ? "..." : ""}`
  return required ? shown : `[${shown}]`
}

/** The command as it is called: `opencode-fleet sessions`. */
export const commandName = ({ commandPath }: HelpDoc.HelpDoc): string => (commandPath ?? ["opencode-fleet"]).join(" ")

/** One line: the command, its flags and its arguments. */
export const usageLine = (doc: HelpDoc.HelpDoc): string =>
  [
    commandName(doc),
    ...(doc.subcommands === undefined ? [] : ["[COMMAND]"]),
    ...(doc.flags.length === 0 ? [] : ["[flags]"]),
    ...(doc.args ?? []).map(argumentUsage),
  ].join(" ")
