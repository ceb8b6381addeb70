/** What a turn waits for, as a person has to see it to decide: in full, and harmless to look at. */
import type { PendingRequest, PermissionRequest, Question } from "../../opencode/requests/PendingRequest.ts"
import { line, plainText } from "../../text/plainText.ts"
import { shownLabels, takesOwnAnswer } from "./question.ts"
import type { RequestView } from "../turns/TurnAnswer.ts"

/** A command or a path is shown in full; only one that writes whole files is longer than this. */
const longest = 20_000
/** What goes with it, such as the diff of an edit. */
const longestDetail = 4000
const mostPatterns = 50
/** A form is read by a person: what is longer than this is looked at in opencode. */
const longestForm = 50_000

/** Beginning and end: nobody allows an end that they do not see without being told that there is more between. */
const clipMiddle = (text: string, length: number): string => {
  if (text.length <= length) return text
  const half = Math.floor(length / 2)
  const head = text.slice(0, half)
  const end = text.slice(text.length - half)
  // A line that is cut would lose its indentation.
  const tail = end.slice(end.indexOf("\n") + 1)
  const left = (text.length - head.length - tail.length).toLocaleString("en")
  return `${head}\n[NOT SHOWN IN FULL: ${left} characters are left out here. Look at them in opencode before you decide.]\n${tail}`.toWellFormed()
}

/** Text of others stays within its indentation: no line of it can pass for one of ours. */
const indented = (text: string, length: number) => clipMiddle(plainText(text), length).replaceAll("\n", "\n    ")

const allowedLater = ({ always = [] }: PermissionRequest) =>
  always.slice(0, mostPatterns).map((pattern) => line(pattern, 500))

/** What opencode tells of the call beside its patterns: the whole command, the file, the diff. */
const detailsText = ({ details = {}, patterns }: PermissionRequest): ReadonlyArray<string> =>
  Object.entries(details).flatMap(([name, value]) =>
    value === "" || patterns.includes(value)
      ? []
      : [
          `${line(name, 50)}:${value.includes("\n") ? "\n    " : " "}${indented(value, name === "command" ? longest : longestDetail)}`,
        ],
  )

const permissionText = (request: PermissionRequest) =>
  [
    `Permission for ${line(request.permission, 100)}:`,
    ...request.patterns.slice(0, mostPatterns).map((pattern) => `  ${indented(pattern, longest)}`),
    ...(request.patterns.length > mostPatterns ? [`  and ${request.patterns.length - mostPatterns} more`] : []),
    ...detailsText(request),
  ].join("\n")

const questionText = (question: Question) =>
  [
    indented(question.question, longestDetail),
    ...shownLabels(question).map((label, index) => {
      const { description, label: own } = question.options[index] ?? {}
      return `  - ${label}${description === undefined || description === own ? "" : `: ${line(description)}`}`
    }),
    ...(question.multiple === true ? ["  (several may be chosen)"] : []),
    ...(takesOwnAnswer(question) ? ["  (or an answer of your own)"] : []),
  ].join("\n")

export const requestText = ({ kind, request }: PendingRequest, length = longestForm): string =>
  clipMiddle(kind === "permission" ? permissionText(request) : request.questions.map(questionText).join("\n\n"), length)

/** `length` is what its text may have of an answer. */
export const requestView = (pending: PendingRequest, length: number): RequestView => ({
  kind: pending.kind,
  id: pending.request.id,
  session_id: pending.request.sessionID,
  text: requestText(pending, length),
  ...(pending.kind === "permission"
    ? { always: allowedLater(pending.request) }
    : {
        questions: pending.request.questions.map((question) => ({
          question: line(question.question, 1000),
          options: shownLabels(question),
          multiple: question.multiple === true,
          custom: takesOwnAnswer(question),
        })),
      }),
})

/** What `always` means here, in a sentence; empty where opencode would remember nothing. */
export const alwaysText = (request: PermissionRequest): string => {
  const allowed = allowedLater(request)
  const others = (request.always?.length ?? 0) - allowed.length
  return allowed.length === 0
    ? ""
    : `"always" allows from now on, in all sessions of this directory until that opencode ends: ${allowed.join(", ")}${
        others === 0 ? "" : `, and ${others} more`
      }`
}
