/** A running turn in the terminal: the agent's text on stdout, everything else on stderr. */
import { Console, Effect, Semaphore, Stdio, Terminal } from "effect"
import * as Turn from "../../opencode/turn/Turn.ts"
import { gapMark, isStreaming } from "../../opencode/turn/state.ts"
import { plainText } from "../../text/plainText.ts"
import { errorStyle } from "./style.ts"

/**
 * The part of the text that is final. Text after a gap waits until the gap is filled; trailing blanks are held back
 * because opencode trims a closed part; half of a surrogate pair waits for the other half.
 */
const finalText = (turn: Turn.Turn): string => {
  const text = Turn.text(turn)
  const hasGap = [...turn.parts.values()].some(
    (part) => part.type === "text" && isStreaming(part) && part.text.includes(gapMark),
  )
  return text.slice(0, hasGap ? text.indexOf(gapMark) : undefined).replace(/(?:\s|[\uD800-\uDBFF])+$/u, "")
}

/** The new text. If text that was already shown has changed, it is repeated from the start of its line. */
export const newText = (shown: string, text: string): string => {
  if (text.startsWith(shown)) return text.slice(shown.length)
  if (shown.startsWith(text)) return ""
  let same = 0
  while (text[same] === shown[same]) same++
  return `\n${text.slice(text.lastIndexOf("\n", same - 1) + 1)}`
}

export type TurnScreen = Effect.Success<ReturnType<typeof makeTurnScreen>>

/** `silent`: the agent's text is not shown. */
export const makeTurnScreen = Effect.fnUntraced(function* (silent: boolean) {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const write = (text: string) => Effect.orDie(terminal.display(text))
  const style = yield* errorStyle
  /** Whether stdout and stderr share one screen. */
  const sharesScreen = (yield* stdio.stdoutIsTerminal) && (yield* stdio.stderrIsTerminal)
  /** Held while writing, so that a form has exclusive use of the screen. */
  const screen = yield* Semaphore.make(1)
  let shown = ""
  let atLineStart = true
  let turn: Turn.Turn | undefined

  const show = Effect.fnUntraced(function* (text: string) {
    const added = newText(shown, text)
    if (silent || added === "") return
    // Text after a note starts directly below it, without empty lines.
    const visible = sharesScreen && atLineStart ? added.replace(/^\n+/u, "") : added
    shown = text
    atLineStart = visible === "" ? atLineStart : visible.endsWith("\n")
    yield* write(visible)
  })

  /** Ends the agent's current line before a note is printed on the same screen. */
  const newLine = Effect.suspend(() => {
    if (!sharesScreen || atLineStart) return Effect.void
    atLineStart = true
    return Console.error("")
  })

  return {
    /** The turn as it was last shown. */
    turn: Effect.sync(() => turn),
    written: (now: Turn.Turn) =>
      Effect.suspend(() => {
        turn = now
        return show(plainText(finalText(now)))
      }).pipe(screen.withPermit),
    note: (text: string) => Effect.andThen(newLine, Console.error(style.faint(text))).pipe(screen.withPermit),
    /** Runs a form with exclusive use of the screen, below all earlier output. */
    alone: <A, E, R>(form: Effect.Effect<A, E, R>) => screen.withPermit(Effect.andThen(newLine, form)),
    /** Shows the remaining text and ends the line. */
    end: Effect.suspend(() => (turn === undefined ? Effect.void : show(plainText(Turn.text(turn))))).pipe(
      Effect.andThen(
        Effect.suspend(() => (silent || shown === "" || shown.endsWith("\n") ? Effect.void : write("\n"))),
      ),
      screen.withPermit,
    ),
  }
})
