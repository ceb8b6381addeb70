/** Builds the view of a pending request with everything that a person needs to decide, as printable text. */
import {
  alwaysScope,
  type PendingRequest,
  type PermissionRequest,
  type Question,
} from "../../opencode/requests/PendingRequest.ts"
import { type WholeRequest, wholeRequest } from "../../opencode/requests/requestedActs.ts"
import { clip } from "../../text/clip.ts"
import { line, plainLine } from "../../text/plainText.ts"
import { visible } from "../../text/visible.ts"
import { shownLabels, allowsCustomAnswer } from "./question.ts"
import type { RequestView } from "./requestSchemas.ts"

/** Maximum characters of a command or path. Only a command that writes whole files is longer. */
const maxLength = 20_000
/** Maximum characters of details, such as the diff of an edit. */
const maxDetailLength = 4000
const maxActs = 50
const maxPatterns = 50
const maxTotalLength = 50_000

/**
 * Keeps the beginning and the end and marks the gap, so that a person does not approve a command whose end is hidden.
 * `where` is where to read the gap.
 */
export const clipMiddle = (text: string, length: number, where = "in opencode"): string => {
  if (text.length <= length) return text
  const half = Math.floor(length / 2)
  const head = text.slice(0, half)
  const end = text.slice(text.length - half)
  // Start the tail at a whole line, because a cut line would lose its indentation.
  const tail = end.slice(end.indexOf("\n") + 1)
  const left = (text.length - head.length - tail.length).toLocaleString("en")
  return `${head}\n[NOT SHOWN IN FULL: ${left} characters are left out here. Read them ${where} before you decide.]\n${tail}`.toWellFormed()
}

/** Indents every line of untrusted text, so that it cannot imitate a line of the view. */
const indented = (text: string, length: number) => clipMiddle(visible(text), length).replaceAll("\n", "\n    ")

const allowedLater = ({ always = [] }: PermissionRequest) =>
  always.slice(0, maxPatterns).map((pattern) => line(pattern, 500))

/** Besides what would be done: the diff of an edit, … */
const detailsText = ({ details }: WholeRequest, isClipped: boolean): ReadonlyArray<string> =>
  details.map(
    ([name, value]) =>
      `${line(name, 50)}:${value.includes("\n") ? "\n    " : " "}${indented(value, isClipped ? maxDetailLength : Infinity)}`,
  )

const permissionText = (request: PermissionRequest, isClipped: boolean) => {
  const whole = wholeRequest(request)
  const { acts } = whole
  return [
    `Permission for ${line(request.permission, 100)}:`,
    ...acts
      .slice(0, isClipped ? maxActs : Infinity)
      .map((each) => `  ${indented(each, isClipped ? maxLength : Infinity)}`),
    ...(isClipped && acts.length > maxActs ? [`  and ${acts.length - maxActs} more`] : []),
    ...detailsText(whole, isClipped),
  ].join("\n")
}

const questionText = (question: Question, isClipped: boolean) =>
  [
    indented(question.question, isClipped ? maxDetailLength : Infinity),
    ...shownLabels(question).map((label, index) => {
      const { description, label: own } = question.options[index] ?? {}
      return `  - ${label}${description === undefined || description === own ? "" : `: ${line(description)}`}`
    }),
    ...(question.multiple === true ? ["  (choose one or more)"] : []),
    ...(allowsCustomAnswer(question) ? ["  (or write a custom answer)"] : []),
  ].join("\n")

export const requestText = ({ kind, request }: PendingRequest, length = maxTotalLength, isClipped = true): string =>
  clipMiddle(
    kind === "permission"
      ? permissionText(request, isClipped)
      : request.questions.map((question) => questionText(question, isClipped)).join("\n\n"),
    length,
  )

/** The request without any cut. */
export const wholeRequestText = (pending: PendingRequest): string => requestText(pending, Infinity, false)

export const requestView = (pending: PendingRequest): RequestView => ({
  kind: pending.kind,
  id: pending.request.id,
  session_id: pending.request.sessionID,
  ...(pending.request.tool === undefined ? {} : { message_id: pending.request.tool.messageID }),
  text: requestText(pending),
  ...(pending.kind === "permission"
    ? { always: allowedLater(pending.request), always_scope: alwaysScope(pending.request) }
    : {
        questions: pending.request.questions.map((question) => ({
          question: clip(plainLine(question.question), 1000, "in `text`"),
          options: shownLabels(question),
          multiple: question.multiple === true,
          custom: allowsCustomAnswer(question),
        })),
      }),
})
