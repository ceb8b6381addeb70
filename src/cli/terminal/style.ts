/** Colours for words, if the terminal supports them. */
import { Effect, Stdio } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { type Style, styleOf } from "./styleOf.ts"

export { type Style, styleOf }

/** For stdout. Follows `NO_COLOR`. */
export const style = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }) => styleOf(canColor))

/** For stderr, which may be redirected separately. */
export const errorStyle = Effect.gen(function* () {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  return styleOf(canColor && (yield* (yield* Stdio.Stdio).stderrIsTerminal))
})
