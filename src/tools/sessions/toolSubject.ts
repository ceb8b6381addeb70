/** What a tool call works on, and how long it took, as a person reads it: `npm test`, `src/login.ts`, `3 s`. */
import { Option, Schema } from "effect"
import type { ToolInput, ToolState } from "../../opencode/sessions/Message.ts"
import { plural } from "../../text/plural.ts"

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
export const toolSubject = (input: ToolInput, directory: string | undefined): string =>
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

/** After a space. Empty below a second, which says nothing to a person. */
export const timeTaken = (state: ToolState): string => {
  if (state.status === "pending" || state.time?.end === undefined) return ""
  const milliseconds = state.time.end - state.time.start
  return milliseconds < 1000 ? "" : ` ${durationText(milliseconds)}`
}

/** Whether what the call works on is a command line. */
export const isShell = (tool: string): boolean => tool === "bash" || tool === "shell"
