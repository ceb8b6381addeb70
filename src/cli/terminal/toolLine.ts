/** A tool call in one line, as a person reads it: `$ npm test ✓ 3 s`, `edit src/login.ts +3 -1 ✓`. */
import { Option, Schema } from "effect"
import type { ToolInput, ToolPart, ToolState } from "../../opencode/sessions/Message.ts"
import { line } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import { shortLine } from "../../text/shortLine.ts"
import { type Style, styleOf } from "./style.ts"
import { CliOutput } from "effect/cli"

type Call = Pick<ToolPart, "tool" | "state">

/** Cells. */
const maxName = 40
const minAct = 20
const maxAct = 120
const maxReason = 200

/** Parameters that say what a call works on. The first that is set is shown. */
const telling = ["command", "filePath", "path", "url", "query", "description", "name"]

const decodeText = Schema.decodeUnknownOption(Schema.String)
const decodeQuestions = Schema.decodeUnknownOption(
  Schema.Struct({ questions: Schema.NonEmptyArray(Schema.Struct({ question: Schema.String })) }),
)
const decodeTodos = Schema.decodeUnknownOption(Schema.Struct({ todos: Schema.Array(Schema.Unknown) }))

const textIn = (input: ToolInput, name: string) => Option.filter(decodeText(input[name]), (text) => text.trim() !== "")

const search = (input: ToolInput) =>
  Option.map(textIn(input, "pattern"), (pattern) =>
    Option.match(textIn(input, "path"), { onNone: () => pattern, onSome: (path) => `${pattern} in ${path}` }),
  )

/** The files of a patch for several files. */
const patchedFiles = (input: ToolInput) =>
  Option.map(textIn(input, "patchText"), (patch) =>
    [...patch.matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.+)$/gmu)].map(([, file]) => file).join(", "),
  )

/** What the call works on: its JSON if no parameter says so. */
const subject = (input: ToolInput, directory: string | undefined): string =>
  Option.firstSomeOf([
    Option.map(decodeQuestions(input), ({ questions }) => questions.map(({ question }) => question).join(" / ")),
    Option.map(decodeTodos(input), ({ todos }) => plural(todos.length, "item")),
    search(input),
    patchedFiles(input),
    ...telling.map((name) => textIn(input, name)),
  ]).pipe(
    Option.map((text) => (text.startsWith(`${directory}/`) ? text.slice(`${directory}/`.length) : text)),
    Option.getOrElse(() => (Object.keys(input).length === 0 ? "" : JSON.stringify(input))),
  )

/** Such as `1.2 s`, `45 s`, `3 min`. */
export const durationText = (milliseconds: number): string => {
  const seconds = milliseconds / 1000
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h`
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min`
  return `${seconds < 9.95 ? Math.round(seconds * 10) / 10 : Math.floor(seconds)} s`
}

/** Empty below a second, which says nothing to a person. */
const timeTaken = (state: ToolState): string => {
  if (state.status === "pending" || state.time?.end === undefined) return ""
  const milliseconds = state.time.end - state.time.start
  return milliseconds < 1000 ? "" : ` ${durationText(milliseconds)}`
}

/** How the call ended; `…` until then. */
const ending = (state: ToolState, style: Style): string => {
  switch (state.status) {
    case "pending":
    case "running":
      return "…"
    case "error":
      return style.bad(`✗${timeTaken(state)}: ${line(state.error, maxReason)}`)
    case "completed": {
      const { background = false, report: { added, exit = 0, removed } = {} } = state
      if (background) return "(continues in the background)"
      if (exit !== 0) return style.bad(`✗${timeTaken(state)}: exit ${exit}`)
      const changed = added === undefined || removed === undefined ? "" : `+${added} -${removed} `
      return `${changed}${style.good(`✓${timeTaken(state)}`)}`
    }
  }
}

export interface ToolLineOptions {
  readonly style: Style
  /** The session's directory, which is left out of the paths below it. */
  readonly directory?: string | undefined
  /** Cells for the line. It can be longer if the call failed, because the reason is not cut to it. */
  readonly room?: number
}

/** What the call does, in at most `room` cells. */
const act = ({ state, tool }: Call, room: number, directory: string | undefined): string => {
  const name = tool === "bash" || tool === "shell" ? "$" : shortLine(tool, maxName)
  const about = subject(state.input, directory)
  return about === "" ? name : `${name} ${shortLine(about, Math.max(minAct, room - name.length - 1))}`
}

export const toolLine = (call: Call, { directory, room = Infinity, style }: ToolLineOptions): string => {
  const plainEnd = ending(call.state, styleOf(false))
  return `${act(call, Math.min(maxAct, room - CliOutput.displayWidth(plainEnd) - 1), directory)} ${ending(call.state, style)}`
}
