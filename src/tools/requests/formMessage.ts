/**
 * The text above a form's fields. Its first row is the act itself, because Claude Code shows three rows and Codex the first
 * rows only. It has few rows, each of which fits into a small terminal. Untrusted text never begins a row, so it cannot
 * imitate one.
 */
import { alwaysScope, type PermissionRequest, type QuestionRequest } from "../../opencode/requests/PendingRequest.ts"
import { wholeRequest } from "../../opencode/requests/requestedActs.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { fits, pieces, rowsOf } from "../../text/cells.ts"
import { shortLine } from "../../text/shortLine.ts"
import { truncate, truncateStart } from "../../text/truncate.ts"
import { visible, visibleLine } from "../../text/visible.ts"
import { act, questionAct } from "./act.ts"
import { type Block, fitBlocks } from "./blocks.ts"
import type { DecisionForm } from "./formTypes.ts"
import { shownLabels } from "./question.ts"

/** Rows of a form with its fields. A taller one is cut by clients, which then show its beginning or its end. */
const maxRows = 20
/** Cells of a row: a terminal of 80 columns, less the client's frame. */
const rowWidth = 76
/** Cells of the first row, which Claude Code cuts at the window's width: the field's description shows the end once more. */
const actWidth = 150

/** One untrusted line as rows that each begin with a mark. */
const quoted = (line: string): ReadonlyArray<string> => pieces(line, rowWidth - 2).map((piece) => `| ${piece}`)

/** Characters of which a form shows a part. More than these are not looked at, because splitting takes time. */
const maxLength = 6000

const quotedLines = (text: string) => {
  const half = maxLength / 2
  const looked = text.length > maxLength ? [truncate(text, half), truncateStart(text, half)] : [text]
  return looked.flatMap((part) => visible(part).replaceAll("\t", "    ").split("\n").flatMap(quoted))
}

const textBlock = (text: string): Block => ({
  items: quotedLines(text).map((row) => [row]),
  unit: "line",
  characters: text.length,
})

/** The whole text, unless a row has shown it. */
const inFull = (text: string, shown: string): ReadonlyArray<Block> =>
  shown.endsWith(`: ${text.trim()}`) ? [] : [textBlock(text)]

/** A longer item is shortened in its middle. */
const rowsOfItem = 3

const item = (text: string): ReadonlyArray<string> => {
  const [first = "", ...others] = pieces(shortLine(text, rowsOfItem * (rowWidth - 2)), rowWidth - 2)
  return [`- ${first}`, ...others.map((piece) => `| ${piece}`)]
}

/** Only as many as can be shown are looked at. */
const items = (texts: ReadonlyArray<string>) => texts.map((text, index) => (index < maxRows ? item(text) : [""]))

const detail = (name: string, value: string): Block => {
  // Not `- `, with which the patterns above begin.
  const label = `· ${shortLine(name, 40)}:`
  const row = `${label} ${value}`
  return value.length < rowWidth && visibleLine(value) === value && fits(row, rowWidth)
    ? { items: [[row]], unit: "line" }
    : { head: label, ...textBlock(value) }
}

const permissionBlocks = (request: PermissionRequest, shown: string): ReadonlyArray<Block> => {
  const { always = [] } = request
  const { acts, details } = wholeRequest(request)
  const [sole, ...others] = acts
  return [
    ...(sole === undefined || others.length > 0 ? [{ items: items(acts), unit: "item" }] : inFull(sole, shown)),
    ...(always.length === 0
      ? []
      : [{ head: `always allows, in ${alwaysScope(request)}:`, items: items(always), unit: "pattern" }]),
    ...details.map(([name, value]) => detail(name, value)),
  ]
}

const questionBlocks = (
  request: QuestionRequest,
  { asksForWords, questions }: DecisionForm,
  shown: string,
): ReadonlyArray<Block> =>
  questions.flatMap((index, place) => {
    const question = request.questions[index]
    if (question === undefined) return []
    const title = place === 0 ? shown : questionAct(request, index, rowWidth)
    const options = shownLabels(question).map((label, option) => {
      const { description, label: own } = question.options[option] ?? {}
      return item(description === undefined || description === own ? label : `${label}: ${description}`)
    })
    return [
      ...(place === 0 ? [] : [{ items: [[title]], unit: "question" }]),
      ...inFull(question.question, title),
      { items: asksForWords ? [] : options, unit: "option" },
    ]
  })

interface Asking {
  readonly instance: string
  readonly session: Session
}

const maxInstance = 30
const maxDirectory = 40
const maxTitle = 40

/** The title comes last: the agent chooses it, so nothing may follow that it could imitate. */
const context = ({ instance, session }: Asking) =>
  [
    shortLine(instance, maxInstance),
    shortLine(session.directory, maxDirectory),
    `session ${session.id} ${JSON.stringify(shortLine(session.title, maxTitle))}`,
  ].join(" · ")

export const formMessage = (asking: Asking, pending: PendingRequest, form: DecisionForm): string => {
  const { kind, request } = pending
  const [first = 0] = form.questions
  const shown = kind === "permission" ? act(pending, actWidth) : questionAct(request, first, actWidth)
  const blocks = kind === "permission" ? permissionBlocks(request, shown) : questionBlocks(request, form, shown)
  const top = [
    form.asksForWords ? `Your own words for ${shown}` : shown,
    context(asking),
    ...(request.sessionID === asking.session.id ? [] : [`Asked by its subagent, session ${request.sessionID}.`]),
  ]
  const used = top.reduce((rows, row) => rows + rowsOf(row, rowWidth), 1)
  const { isWhole, rows } = fitBlocks(blocks, maxRows - form.rows - used)
  return [
    ...top,
    ...rows,
    isWhole
      ? "The request stays open until you submit this form."
      : "Not shown in full. Close this form to read it all; the request stays open.",
  ].join("\n")
}
