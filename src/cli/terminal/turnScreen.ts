/**
 * A running turn in the terminal: the agent's text on stdout, everything else on stderr. A tool call is a line when it has
 * ended. Until then, a screen that shows both streams has it in its last line, which is overwritten.
 */
import { Clock, Console, Effect, Semaphore, Stdio, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import * as Turn from "../../opencode/turn/Turn.ts"
import { gapMark, isFinished, isStreaming } from "../../opencode/turn/state.ts"
import type { ToolPart } from "../../opencode/sessions/Message.ts"
import { plainText } from "../../text/plainText.ts"
import { errorStyle } from "./style.ts"
import { toolLine } from "./toolLine.ts"
import { durationText } from "../../tools/sessions/toolSubject.ts"
import { width, writeTo } from "./terminal.ts"

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

/** The messages whose calls wait for a person, who sees the request instead of the call. */
const waiting = ({ pending }: Turn.Turn) => new Set([...pending.values()].map(({ request }) => request.tool?.messageID))

const eraseLine = "\r\u001B[K"

export type TurnScreen = Effect.Success<ReturnType<typeof makeTurnScreen>>

/** `silent`: the agent's text is not shown. */
export const makeTurnScreen = Effect.fnUntraced(function* (silent: boolean) {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  const columns = Effect.provideContext(width, yield* Effect.context<Effect.Services<typeof width>>())
  const write = (text: string) => writeTo(terminal, text)
  const style = yield* errorStyle
  /** Whether stdout and stderr share one screen. */
  const sharesScreen = (yield* stdio.stdoutIsTerminal) && (yield* stdio.stderrIsTerminal)
  /** Held while writing, so that a form has exclusive use of the screen. */
  const screen = yield* Semaphore.make(1)
  let shown = ""
  let atLineStart = true
  let turn: Turn.Turn | undefined
  /** The calls that are shown, or need not be. */
  const ended = new Set<string>()
  /** When each call was first seen, because the instance's clock can differ. */
  const seen = new Map<string, number>()
  /** Whether the last line shows what is running. */
  let isLive = false

  const erase = Effect.suspend(() => {
    if (!isLive) return Effect.void
    isLive = false
    return write(eraseLine)
  })

  const show = Effect.fnUntraced(function* (text: string) {
    const added = newText(shown, text)
    if (silent || added === "") return
    yield* erase
    // Text after a note starts directly below it, without empty lines.
    const visible = sharesScreen && atLineStart ? added.replace(/^\n+/u, "") : added
    shown = text
    atLineStart = visible === "" ? atLineStart : visible.endsWith("\n")
    yield* write(visible)
  })

  /** Ends the agent's current line before a note is printed on the same screen. */
  const newLine = Effect.suspend(() => {
    if (!sharesScreen || atLineStart) return erase
    atLineStart = true
    return Console.error("")
  })

  const printed = (text: string) => Effect.andThen(newLine, Console.error(text))

  const showTool = Effect.fnUntraced(function* (part: ToolPart) {
    ended.add(part.id)
    yield* printed(toolLine(part, { style, room: yield* columns }))
  })

  /** Below everything else: the newest of the running calls, and for how long it has been running. */
  const showRunning = Effect.fnUntraced(function* (now: Turn.Turn) {
    const time = yield* Clock.currentTimeMillis
    const running = Turn.toolCalls(now).filter(({ state }) => state.status === "running")
    for (const { id } of running) seen.set(id, seen.get(id) ?? time)
    const newest = running.at(-1)
    if (!sharesScreen || !canAnimate || newest === undefined || now.isMissingEvents || now.pending.size > 0) return
    const since = time - (seen.get(newest.id) ?? time)
    const age = since < 1000 ? "" : ` ${durationText(since)}`
    if (!isLive) yield* newLine
    yield* write(
      `${eraseLine}${style.faint(`${toolLine(newest, { style, room: (yield* columns) - 8 - age.length })}${age}`)}`,
    )
    isLive = true
  })

  return {
    /** The turn as it was last shown. */
    turn: Effect.sync(() => turn),
    written: Effect.fnUntraced(function* (now: Turn.Turn) {
      turn = now
      yield* show(plainText(finalText(now)))
      for (const call of Turn.toolCalls(now)) if (isFinished(call) && !ended.has(call.id)) yield* showTool(call)
      yield* showRunning(now)
    }, screen.withPermit),
    note: (text: string) => printed(style.faint(text)).pipe(screen.withPermit),
    /** While the last line shows a running call, nothing else can have happened: it only becomes older. */
    progress: (text: string) =>
      Effect.suspend(() => (isLive && turn !== undefined ? showRunning(turn) : printed(style.faint(text)))).pipe(
        screen.withPermit,
      ),
    /** Runs a form with exclusive use of the screen, below all earlier output. The person sees its questions only there. */
    alone: <A, E, R>(form: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        if (turn !== undefined) {
          const asking = waiting(turn)
          for (const { id, messageID, tool } of Turn.toolCalls(turn)) {
            if (tool === "question" && asking.has(messageID)) ended.add(id)
          }
        }
        return Effect.andThen(newLine, form)
      }).pipe(screen.withPermit),
    /** Shows what is left, and ends the line. */
    end: Effect.gen(function* () {
      if (turn !== undefined) {
        const asking = waiting(turn)
        yield* show(plainText(Turn.text(turn)))
        for (const call of Turn.toolCalls(turn)) {
          if (!ended.has(call.id) && call.state.status !== "pending" && !asking.has(call.messageID)) {
            yield* showTool(call)
          }
        }
      }
      yield* erase
      if (!silent && shown !== "" && !shown.endsWith("\n") && !(sharesScreen && atLineStart)) yield* write("\n")
    }).pipe(screen.withPermit),
  }
})
