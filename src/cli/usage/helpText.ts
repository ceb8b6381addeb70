/** A help as text: wrapped at words, with aligned continuation lines, at any width. */
import { displayWidth } from "../../text/cells.ts"
import type { Style } from "../terminal/styleOf.ts"
import { wrap } from "../terminal/wrap.ts"
import type { Example, Help, Row } from "./Help.ts"

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

const exampleLines = (examples: ReadonlyArray<Example>, width: number, { faint }: Style) =>
  examples.flatMap(({ command, description }, index) => [
    ...(index === 0 ? [] : [""]),
    ...(description === undefined ? [] : indented(`# ${description}`, width, indent).map(faint)),
    ...commandLines(command, width),
  ])

const usageLines = (usage: string, width: number) =>
  indented(usage, width, indent.repeat(2)).map((line, index) => (index === 0 ? line.slice(2) : line))

/** The width of help that goes to a pipe or a file. */
const pipeWidth = 80

/** Lines that are longer are hard to read, however wide the terminal is. */
const widest = 100

/** An infinite width means that there is no terminal. */
export const helpText = (help: Help, style: Style, terminalWidth: number): string => {
  const width = Number.isFinite(terminalWidth) ? Math.min(terminalWidth, widest) : pipeWidth
  const section = (title: string, lines: ReadonlyArray<string>) => [style.strong(title), ...lines].join("\n")
  const paragraphs = help.description.split("\n\n").map((text) => wrap(text, width).join("\n"))
  return [
    ...paragraphs,
    section("USAGE", usageLines(help.usage, width)),
    ...help.sections.map((each) =>
      section(each.title, "rows" in each ? rowLines(each.rows, width) : exampleLines(each.examples, width, style)),
    ),
  ].join("\n\n")
}
