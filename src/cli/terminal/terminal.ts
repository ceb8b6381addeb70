/** Output for a person: as wide as the terminal, or unbounded without one. */
import { Effect, Stdio, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"

/** The width in cells; Infinity for a pipe, and for a terminal that does not report its width. */
export const width = Effect.gen(function* () {
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  const columns = yield* (yield* Terminal.Terminal).columns
  return canAnimate && columns > 0 ? columns : Infinity
})

/** Whether a person reads stdout. */
export const isTerminal = Effect.flatMap(Stdio.Stdio, ({ stdoutIsTerminal }) => stdoutIsTerminal)

/** Writes the text unchanged. The program ends by itself when stdout is closed (`| head`), which is no error. */
export const writeTo = (terminal: Terminal.Terminal, text: string) =>
  Effect.catch(terminal.display(text), () => Effect.never)

/** {@link writeTo} stdout. */
export const write = (text: string) => Effect.flatMap(Terminal.Terminal, (terminal) => writeTo(terminal, text))

export const toJson = (value: unknown): string => JSON.stringify(value, undefined, 2)
