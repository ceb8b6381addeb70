/** The help of a command, from its declaration. */
import { Context, Option } from "effect"
import type { HelpDoc } from "effect/cli"
import type { Help, Row } from "./Help.ts"
import { MoreHelp } from "./MoreHelp.ts"
import { argumentName, flagDescription, flagNames, usageLine } from "./names.ts"

const argumentRow = ({ description, name, variadic }: HelpDoc.ArgDoc): Row => [
  `${argumentName(name)}${variadic ? "..." : ""}`,
  Option.getOrElse(description, () => ""),
]

const flagRow = (flag: HelpDoc.FlagDoc): Row => [flagNames(flag), flagDescription(flag)]

const commandRow = ({ description, name, shortDescription }: HelpDoc.SubcommandDoc): Row => [
  name,
  shortDescription ?? description,
]

/** The built-in flags that are worth a line; the others work, too. */
const globalFlags = (doc: HelpDoc.HelpDoc) => {
  const shown = doc.subcommands === undefined ? ["help"] : ["help", "version", "log-level"]
  return (doc.globalFlags ?? []).filter(({ name }) => shown.includes(name))
}

export const helpOf = (doc: HelpDoc.HelpDoc): Help => {
  const sections = [
    { title: "ARGUMENTS", rows: (doc.args ?? []).map(argumentRow) },
    ...(doc.subcommands ?? []).map(({ commands, group }) => ({
      title: group ?? "COMMANDS",
      rows: commands.map(commandRow),
    })),
    { title: "FLAGS", rows: [...doc.flags, ...globalFlags(doc)].map(flagRow) },
    ...Context.get(doc.annotations, MoreHelp),
  ].filter(({ rows }) => rows.length > 0)
  const examples = (doc.examples ?? []).map(({ command, description }) => ({ command, description }))
  return {
    description: doc.description,
    usage: usageLine(doc),
    sections: [...sections, ...(examples.length === 0 ? [] : [{ title: "EXAMPLES", examples }])],
  }
}
