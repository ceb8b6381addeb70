/** How a command writes for people: as wide as the terminal, or without any bound where nobody watches. */
import { Effect, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"

/** The columns that a line may have. A pipe has no width, and so has a terminal that does not tell it. */
export const width = Effect.gen(function* () {
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  const columns = yield* (yield* Terminal.Terminal).columns
  return canAnimate && columns > 0 ? columns : Infinity
})

/** Writes to stdout exactly this. */
export const write = (text: string) =>
  Effect.flatMap(Terminal.Terminal, (terminal) => Effect.orDie(terminal.display(text)))

export const toJson = (value: unknown): string => JSON.stringify(value, undefined, 2)
