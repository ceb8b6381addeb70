/** The state of a fake in the form of opencode 2: sessions, pending requests, and errors. */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import type { MessageId } from "../../opencode/Identifiers.ts"
import type { PermissionRequest, Question, QuestionRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { WireField, WireForm, WireFormValue, WirePermission } from "../../opencode/v2/wire/WireRequest.ts"
import type { WireSession } from "../../opencode/v2/wire/WireSession.ts"
import type { FakeState } from "../FakeState.ts"

/** An error in the format of opencode 2. */
export const refuse = (status: number, tag: string, message: string) =>
  Effect.succeed(HttpServerResponse.jsonUnsafe({ _tag: tag, message }, { status }))

/** What opencode 1 calls a session without a title, opencode 2 leaves out. */
const untitled = "New session"

export const sessionOf = (fake: FakeState, session: Session): WireSession => {
  const { directory, id, parentID, time, title, undoneFrom } = session
  const metadata = fake.sessionMetadata.get(id)
  return {
    id,
    time,
    location: { directory },
    ...(title === untitled ? {} : { title }),
    ...(parentID === undefined ? {} : { parentID }),
    ...(undoneFrom === undefined ? {} : { revert: { messageID: undoneFrom } }),
    ...(metadata === undefined ? {} : { metadata }),
    ...fake.selected.get(id),
  }
}

/** The id of the tool call that waits, as the model would have chosen it. */
const callOf = (fake: FakeState, sessionID: Session["id"], messageID: MessageId) => {
  const parts = fake.messages.get(sessionID)?.find(({ info }) => info.id === messageID)?.parts ?? []
  const call = parts.find((part) => part.type === "tool" && part.state.status === "running")
  return { messageID, id: call?.type === "tool" ? call.callID : `call_${messageID}` }
}

export const permissionOf = (fake: FakeState, request: PermissionRequest): WirePermission => {
  const { always, details, id, patterns, permission, sessionID, tool } = request
  return {
    id,
    sessionID,
    action: permission,
    resources: patterns,
    ...(always === undefined ? {} : { save: always }),
    ...(details === undefined ? {} : { metadata: details }),
    ...(tool === undefined ? {} : { source: callOf(fake, sessionID, tool.messageID) }),
  }
}

const fieldOf = ({ custom = true, header, multiple, options, question }: Question, index: number): WireField => ({
  key: `q${index}`,
  description: question,
  ...(header === undefined ? {} : { title: header }),
  type: multiple === true ? "multiselect" : "string",
  options: options.map((option) => ({ ...option, value: option.label })),
  custom,
})

export const formOf = (fake: FakeState, { id, questions, sessionID, tool }: QuestionRequest): WireForm => ({
  id,
  sessionID,
  title: "Questions",
  ...(tool === undefined ? {} : { metadata: { tool: callOf(fake, sessionID, tool.messageID) } }),
  fields: questions.map(fieldOf),
})

const isLabels = (value: WireFormValue | undefined): value is ReadonlyArray<string> => Array.isArray(value)

/** The labels for each question, or why opencode refuses them. */
export const labelsOf = (
  { questions }: QuestionRequest,
  answer: Readonly<Record<string, WireFormValue>>,
): { readonly labels: ReadonlyArray<ReadonlyArray<string>> } | { readonly refused: string } => {
  const unknown = Object.keys(answer).find((key) => !questions.some((_, index) => key === `q${index}`))
  if (unknown !== undefined) return { refused: `Unknown form field: ${unknown}` }
  const labels: Array<ReadonlyArray<string>> = []
  for (const [index, { custom = true, multiple = false, options }] of questions.entries()) {
    const value = answer[`q${index}`]
    if (value !== undefined && (multiple ? !isLabels(value) : typeof value !== "string")) {
      return { refused: `Expected ${multiple ? "string array" : "string"} for form field: q${index}` }
    }
    const given = value === undefined ? [] : isLabels(value) ? value : [String(value)]
    if (!custom && given.some((label) => !options.some((option) => option.label === label))) {
      return { refused: `Invalid option for form field: q${index}` }
    }
    labels.push(given)
  }
  return { labels }
}
