/** How the command line shows help, its version, errors and usage errors. */
import { Console, Effect, Layer } from "effect"
import { CliOutput, type HelpDoc } from "effect/cli"
import { plainText } from "../../text/plainText.ts"
import { style } from "../terminal/style.ts"
import { width } from "../terminal/terminal.ts"
import { helpOf } from "./helpOf.ts"
import { helpText } from "./helpText.ts"
import { commandName, usageLine } from "./names.ts"
import { usageProblems } from "./usageProblem.ts"

/** After the error: how the command is called, and where to read more. */
export const usageLines = (doc: HelpDoc.HelpDoc): string =>
  `Usage: ${usageLine(doc)}\n\`${commandName(doc)} --help\` says more.`

const errorLine = (message: string) => `opencode-fleet: ${plainText(message)}`

const presenter = Effect.gen(function* () {
  const terminalWidth = yield* width
  const colours = yield* style
  return CliOutput.Presenter.of({
    present: (event) => {
      switch (event._tag) {
        case "Help":
          return Console.log(helpText(helpOf(event.helpDoc), colours, terminalWidth))
        case "InvalidInvocation": {
          const problems = usageProblems(event.errors, event.helpDoc).map(errorLine)
          return Console.error([...problems, usageLines(event.helpDoc)].join("\n"))
        }
        case "Version":
          return Console.log(`${event.name} v${event.version}`)
      }
    },
  })
})

const formatter: CliOutput.Formatter = {
  ...CliOutput.defaultFormatter({ colors: false }),
  formatError: ({ message }) => errorLine(message),
}

export const usageOutput = Layer.mergeAll(Layer.effect(CliOutput.Presenter, presenter), CliOutput.layer(formatter))
