/** The help of a command: wrapped at words, with aligned continuation lines, at any width. */
import { Context, Option } from "effect"
import { CliOutput, type HelpDoc } from "effect/cli"
import type { Style } from "../terminal/style.ts"
import { wrap } from "../terminal/wrap.ts"
import { HelpSections } from "./HelpSections.ts"
import { argumentName, flagDescription, flagNames, usageLine } from "./names.ts"

const { displayWidth } = CliOutput

type Row = readonly [name: string, description: string]

/** Below this width, every description starts on a line of its own. */
const twoColumns = 60

/** Names that are longer do not move the column of descriptions; the description starts on the next line. */
const widestName = 26

const indent = "  "

const indented = (text: string, width: number, by: string) =>
  wrap(text, Math.max(1, width - by.length)).map((line) => by + line)

const rowLines = (rows: ReadonlyArray<Row>, width: number): ReadonlyArray<string> => {
  const fitting = rows.map(([name]) => displayWidth(name)).filter((cells) => cells <= widestName)
  const column = Math.max(0, ...fitting) + 2 * indent.length
  return rows.flatMap(([name, description]) => {
    if (description === "") return indented(name, width, indent)
    if (width < twoColumns) {
      return [...indented(name, width, indent), ...indented(description, width, indent.repeat(3))]
    }
    const lines = indented(description, width, " ".repeat(column))
    const [first = "", ...others] = lines
    return displayWidth(name) > widestName
      ? [indent + name, ...lines]
      : [`${indent}${name}${first.slice(indent.length + displayWidth(name))}`, ...others]
  })
}

/** Breaks at spaces outside quotes, and continues as a shell does, so that the example can be copied. */
const commandLines = (command: string, width: number): ReadonlyArray<string> => {
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/gu) ?? []
  const lines: Array<string> = []
  for (const word of words) {
    const longer = `${lines.at(-1) ?? indent.slice(1)} ${word}`
    if (lines.length === 0) lines.push(longer)
    else if (longer.length + " \\".length <= width) lines[lines.length - 1] = longer
    else lines.push(`${indent.repeat(2)}${word}`)
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line))
}

const exampleLines = (examples: ReadonlyArray<HelpDoc.ExampleDoc>, width: number, { faint }: Style) =>
  examples.flatMap(({ command, description }, index) => [
    ...(index === 0 ? [] : [""]),
    ...(description === undefined ? [] : indented(`# ${description}`, width, indent).map(faint)),
    ...commandLines(command, width),
  ])

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

const usageLines = (doc: HelpDoc.HelpDoc, width: number) =>
  indented(usageLine(doc), width, indent.repeat(2)).map((line, index) => (index === 0 ? line.slice(2) : line))

/** Lines that are longer are hard to read, however wide the terminal is. */
const widest = 100

export const helpText = (doc: HelpDoc.HelpDoc, style: Style, terminalWidth: number): string => {
  const width = Math.min(terminalWidth, widest)
  const section = (title: string, lines: ReadonlyArray<string>) =>
    lines.length === 0 ? [] : [[style.strong(title), ...lines].join("\n")]
  const paragraphs = doc.description.split("\n\n").map((text) => wrap(text, width).join("\n"))
  return [
    ...paragraphs,
    ...section("USAGE", usageLines(doc, width)),
    ...section("ARGUMENTS", rowLines((doc.args ?? []).map(argumentRow), width)),
    ...(doc.subcommands ?? []).flatMap(({ commands, group }) =>
      section(group ?? "COMMANDS", rowLines(commands.map(commandRow), width)),
    ),
    ...section("FLAGS", rowLines([...doc.flags, ...globalFlags(doc)].map(flagRow), width)),
    ...Context.get(doc.annotations, HelpSections).flatMap(({ rows, title }) => section(title, rowLines(rows, width))),
    ...section("EXAMPLES", exampleLines(doc.examples ?? [], width, style)),
  ].join("\n\n")
}
