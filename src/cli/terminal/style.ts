/** Colours for words, if the terminal supports them. */
import { Effect, Stdio } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { styleText } from "node:util"

type Format = (text: string) => string

export interface Style {
  readonly good: Format
  readonly warning: Format
  readonly bad: Format
  readonly faint: Format
  readonly strong: Format
}

const coloured =
  (format: Parameters<typeof styleText>[0]): Format =>
  (text) =>
    text === "" ? "" : styleText(format, text, { validateStream: false })

const plain: Format = (text) => text

export const styleOf = (colours: boolean): Style =>
  colours
    ? {
        good: coloured("green"),
        warning: coloured("yellow"),
        bad: coloured("red"),
        faint: coloured("dim"),
        strong: coloured("bold"),
      }
    : { good: plain, warning: plain, bad: plain, faint: plain, strong: plain }

/** For stdout. Follows `NO_COLOR`. */
export const style = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }) => styleOf(canColor))

/** For stderr, which may be redirected separately. */
export const errorStyle = Effect.gen(function* () {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  return styleOf(canColor && (yield* (yield* Stdio.Stdio).stderrIsTerminal))
})
