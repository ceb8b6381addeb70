/** What is wrong with a command line, as a person reads it. */
import type { CliError, HelpDoc } from "effect/cli"
import { nearest } from "../../text/nearest.ts"
import { quote } from "../../text/plainText.ts"
import { argumentName, choicesOf, isBare, valueName } from "./names.ts"

const orList = (values: ReadonlyArray<string>): string =>
  values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1) ?? ""}`

const didYouMean = (wanted: string, known: ReadonlyArray<string>, prefix = ""): string => {
  const near = nearest(wanted, known)
  return near === undefined ? "" : ` Did you mean ${prefix}${near}?`
}

const flagOf = (doc: HelpDoc.HelpDoc, option: string) =>
  [...doc.flags, ...(doc.globalFlags ?? [])].find(({ name }) => name === option)

/** The parser lists the choices of a value as `"wait" | "fail"`. */
const listedChoices = (expected: string) =>
  /^"[^"]*"(?: \| "[^"]*")*$/u.test(expected) ? expected.split(" | ").map((each) => each.slice(1, -1)) : undefined

/** What the parser says about values in terms of schemas, which mean nothing to a person. */
const schemaTalk = /^(?:Expected |Schema validation failed)/u

/** What a flag or an argument takes; undefined if only its help says it. */
const takes = ({ expected }: CliError.InvalidValue, flag: HelpDoc.FlagDoc | undefined): string | undefined => {
  const choices = (flag === undefined ? undefined : choicesOf(flag)) ?? listedChoices(expected)
  if (choices !== undefined) return orList(choices)
  if (flag?.type === "integer") return "a whole number"
  if (flag?.type === "float") return "a number"
  return schemaTalk.test(expected) || expected === flag?.type ? undefined : expected
}

const invalidValue = (error: CliError.InvalidValue, doc: HelpDoc.HelpDoc): string => {
  const flag = error.kind === "flag" ? flagOf(doc, error.option) : undefined
  const name = error.kind === "flag" ? `--${error.option}` : argumentName(error.option)
  if (flag !== undefined && isBare(flag)) return `${name} takes no value.`
  if (error.expected === "at most 1 value") return `${name} can be given only once.`
  if (error.expected.startsWith("at least ")) return `${name} is missing.`
  const allowed = takes(error, flag)
  if (error.value === "" && flag !== undefined) return `${name} needs a value: ${allowed ?? valueName(flag)}.`
  if (error.value.trim() === "") return `${name} cannot be empty.`
  return allowed === undefined
    ? `${name} cannot be ${quote(error.value)}.`
    : `${name} takes ${allowed}, not ${quote(error.value)}.`
}

/** One sentence or two, without the command's usage. */
export const usageProblem = (error: CliError.NonShowHelpErrors, doc: HelpDoc.HelpDoc): string => {
  switch (error._tag) {
    case "UnrecognizedOption": {
      // `opencode-fleet` alone is `serve`, but only the latter has its flags.
      if (error.option === "--http" && doc.subcommands !== undefined) {
        return "--http is a flag of serve and config: opencode-fleet serve --http."
      }
      const flags = [...doc.flags.map(({ name }) => name), "help", "version"]
      return `There is no flag ${error.option}.${didYouMean(error.option.replace(/^--?/u, ""), flags, "--")}`
    }
    case "UnknownSubcommand": {
      const known = (doc.subcommands ?? []).flatMap(({ commands }) => commands.map(({ name }) => name))
      return `There is no command ${quote(error.subcommand)}.${didYouMean(error.subcommand, known)}`
    }
    case "UnexpectedArgument": {
      const [first = "", ...others] = error.arguments
      const hint = error.arguments.length > 1 ? " Put a text with spaces into quotes." : ""
      return `Unexpected ${others.length === 0 ? "argument" : "arguments"} ${[first, ...others].map(quote).join(", ")}.${hint}`
    }
    case "MissingOption":
      return `--${error.option} is missing.`
    case "MissingArgument":
      return `${argumentName(error.argument)} is missing.`
    case "InvalidValue":
      return invalidValue(error, doc)
    case "DuplicateOption":
    case "ValidationError":
    case "UserError":
      return error.message
  }
}

/** Several errors often have one cause: after an unknown command, nothing else can be understood. */
export const usageProblems = (
  errors: ReadonlyArray<CliError.NonShowHelpErrors>,
  doc: HelpDoc.HelpDoc,
): ReadonlyArray<string> => {
  const unknownCommand = errors.filter(({ _tag }) => _tag === "UnknownSubcommand")
  const problems = (unknownCommand.length > 0 ? unknownCommand : errors).map((error) => usageProblem(error, doc))
  return [...new Set(problems)]
}
