/** The three words that say how something is, in colour where the terminal shows it. */
import { Effect } from "effect"
import { TerminalCapabilities } from "effect/cli"

const colours = { ok: "\u001B[32m", warning: "\u001B[33m", problem: "\u001B[31m" } as const
const reset = "\u001B[0m"

export type Mark = keyof typeof colours

export const widest = Math.max(...Object.keys(colours).map(({ length }) => length))

/** Gives each mark in the same width. */
export const marks = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }) => (mark: Mark) => {
  const padded = mark.padEnd(widest)
  return canColor ? `${colours[mark]}${padded}${reset}` : padded
})
