/** A turn on the terminal while it runs: what the agent writes on stdout, everything else on stderr. */
import { Console, Effect, Semaphore, Stdio, Terminal } from "effect"
import * as Turn from "../../opencode/turn/Turn.ts"
import { gapMark, isStreaming } from "../../opencode/turn/state.ts"
import { plainText } from "../../text/plainText.ts"
import { errorStyle } from "./style.ts"

/**
 * What of the text will stay as it is: what follows a gap is written once the gap is filled, and opencode cuts blanks
 * off the end of what it has closed. A character may have come by half.
 */
const settled = (turn: Turn.Turn): string => {
  const text = Turn.text(turn)
  const holed = [...turn.parts.values()].some(
    (part) => part.type === "text" && isStreaming(part) && part.text.includes(gapMark),
  )
  return text.slice(0, holed ? text.indexOf(gapMark) : undefined).replace(/(?:\s|[\uD800-\uDBFF])+$/u, "")
}

/** What is new. Where something that was shown has changed, that comes again from the beginning of its line. */
const added = (shown: string, text: string): string => {
  if (text.startsWith(shown)) return text.slice(shown.length)
  if (shown.startsWith(text)) return ""
  let same = 0
  while (text[same] === shown[same]) same++
  return `\n${text.slice(text.lastIndexOf("\n", same - 1) + 1)}`
}

export type TurnScreen = Effect.Success<ReturnType<typeof makeTurnScreen>>

/** `silent` shows nothing of the text. */
export const makeTurnScreen = Effect.fnUntraced(function* (silent: boolean) {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const write = (text: string) => Effect.orDie(terminal.display(text))
  const style = yield* errorStyle
  /** Whether both streams meet on one screen. */
  const together = (yield* stdio.stdoutIsTerminal) && (yield* stdio.stderrIsTerminal)
  /** A form has the screen to itself. */
  const screen = yield* Semaphore.make(1)
  let shown = ""
  let atLineStart = true
  let turn: Turn.Turn | undefined

  const show = Effect.fnUntraced(function* (text: string) {
    const news = added(shown, text)
    if (silent || news === "") return
    // A new paragraph of the agent's begins below what stood between, without a gap.
    const visible = together && atLineStart ? news.replace(/^\n+/u, "") : news
    shown = text
    atLineStart = visible === "" ? atLineStart : visible.endsWith("\n")
    yield* write(visible)
  })

  /** What stands on stderr begins a line, also on a screen on which the agent is in the middle of one. */
  const newLine = Effect.suspend(() => {
    if (!together || atLineStart) return Effect.void
    atLineStart = true
    return Console.error("")
  })

  return {
    /** The turn as far as it was shown. */
    turn: Effect.sync(() => turn),
    written: (now: Turn.Turn) =>
      Effect.suspend(() => {
        turn = now
        return show(plainText(settled(now)))
      }).pipe(screen.withPermit),
    note: (text: string) => Effect.andThen(newLine, Console.error(style.faint(text))).pipe(screen.withPermit),
    /** Runs something that has the screen to itself, below all that was shown. */
    alone: <A, E, R>(form: Effect.Effect<A, E, R>) => screen.withPermit(Effect.andThen(newLine, form)),
    /** Shows what is left, and ends the line. */
    end: Effect.suspend(() => (turn === undefined ? Effect.void : show(plainText(Turn.text(turn))))).pipe(
      Effect.andThen(
        Effect.suspend(() => (silent || shown === "" || shown.endsWith("\n") ? Effect.void : write("\n"))),
      ),
      screen.withPermit,
    ),
  }
})
