/** The frames of steps and their parts: a step begins before its parts, and its parts have no ids but their order. */
import { metadataOf } from "../../opencode/http/toolReport.ts"
import type { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type {
  AssistantInfo,
  Failure,
  Part,
  ReasoningPart,
  TextPart,
  ToolPart,
} from "../../opencode/sessions/Message.ts"
import { splitModel } from "../../opencode/v2/wire/WireModel.ts"
import type { FakeState } from "../FakeState.ts"
import { defaultModel, errorOf, toolError } from "./entries.ts"

/** A frame before it has an id and a number. */
export interface Event {
  readonly type: string
  readonly data: { readonly sessionID?: SessionId; readonly [field: string]: unknown }
  /** Epoch milliseconds. */
  readonly created?: number
}

interface Step {
  readonly session: SessionId
  readonly files: Array<string>
  readonly texts: Array<string>
  readonly reasonings: Array<string>
  readonly tools: Set<string>
  ended: Failure | "completed" | undefined
}

/** The time of frames whose event has none, in epoch milliseconds. */
export const beginning = 1000

/** A text part has no id on opencode 2: its number among the texts of its step stands for it. */
const ordinalOf = (ids: Array<string>, id: string) => {
  const known = ids.indexOf(id)
  return known >= 0 ? { ordinal: known, isNew: false } : { ordinal: ids.push(id) - 1, isNew: true }
}

export const makeSteps = (fake: FakeState) => {
  const steps = new Map<MessageId, Step>()
  const newest = new Map<SessionId, MessageId>()

  const infoOf = (id: MessageId) => {
    for (const messages of fake.messages.values()) {
      const found = messages.find(({ info }) => info.id === id)
      if (found !== undefined) return found.info
    }
    return undefined
  }

  const started = (info: AssistantInfo): ReadonlyArray<Event> => {
    if (steps.has(info.id)) return []
    const { agent = "build", id: assistantMessageID, model = defaultModel, sessionID, time } = info
    steps.set(assistantMessageID, {
      session: sessionID,
      files: [],
      texts: [],
      reasonings: [],
      tools: new Set(),
      ended: undefined,
    })
    newest.set(sessionID, assistantMessageID)
    const data = { sessionID, assistantMessageID, agent, model: splitModel(model), started: time.created }
    return [{ type: "session.step.started", data, created: time.created }]
  }

  const answer = (info: AssistantInfo): ReadonlyArray<Event> => {
    const events = started(info)
    const step = steps.get(info.id)
    const { completed } = info.time
    if (step === undefined || step.ended !== undefined || completed === undefined) return events
    const { cost, error, finish = "stop", id: assistantMessageID, sessionID, tokens } = info
    step.ended = error ?? "completed"
    const data = {
      sessionID,
      assistantMessageID,
      ...(cost === undefined ? {} : { cost }),
      ...(tokens === undefined ? {} : { tokens }),
      ...(step.files.length === 0 ? {} : { files: step.files }),
    }
    const end: Event =
      error === undefined
        ? { type: "session.step.ended", data: { ...data, finish }, created: completed }
        : { type: "session.step.failed", data: { ...data, error: errorOf(error) }, created: completed }
    return [...events, end]
  }

  const block = (step: Step, { id, messageID, text, time, type }: TextPart | ReasoningPart): ReadonlyArray<Event> => {
    const { isNew, ordinal } = ordinalOf(type === "text" ? step.texts : step.reasonings, id)
    const data = { sessionID: step.session, assistantMessageID: messageID, ordinal }
    const created = time?.start ?? beginning
    return [
      ...(isNew ? [{ type: `session.${type}.started`, data, created }] : []),
      ...(text === "" ? [] : [{ type: `session.${type}.ended`, data: { ...data, text }, created }]),
    ]
  }

  const tool = (step: Step, { callID: id, messageID, state, tool: name }: ToolPart): ReadonlyArray<Event> => {
    const data = { sessionID: step.session, assistantMessageID: messageID, id }
    const isNew = !step.tools.has(id)
    step.tools.add(id)
    const opening = isNew ? [{ type: "session.tool.input.started", data: { ...data, name } }] : []
    const called = { type: "session.tool.called", data: { ...data, input: state.input, executed: false } }
    switch (state.status) {
      case "pending":
        return opening
      case "running":
        return [...opening, called]
      case "completed": {
        const content = [{ type: "text", text: state.output }]
        const metadata = state.report === undefined ? {} : { metadata: metadataOf(state.report) }
        return [...opening, called, { type: "session.tool.success", data: { ...data, content, ...metadata } }]
      }
      case "error": {
        const error = toolError(state.error)
        return [...opening, called, { type: "session.tool.failed", data: { ...data, error } }]
      }
    }
  }

  const part = (changed: Part): ReadonlyArray<Event> => {
    const info = infoOf(changed.messageID)
    const events = info?.role === "assistant" ? started(info) : []
    const step = steps.get(changed.messageID)
    if (step === undefined) return events
    switch (changed.type) {
      case "text":
      case "reasoning":
        return [...events, ...block(step, changed)]
      case "tool":
        return [...events, ...tool(step, changed)]
      case "patch":
        step.files.push(...changed.files)
        return events
      default:
        return events
    }
  }

  const delta = (assistantMessageID: MessageId, partID: string, text: string): ReadonlyArray<Event> => {
    const step = steps.get(assistantMessageID)
    if (step === undefined) return []
    const reasoning = step.reasonings.indexOf(partID)
    const type = reasoning < 0 ? "text" : "reasoning"
    const ordinal = reasoning < 0 ? ordinalOf(step.texts, partID).ordinal : reasoning
    const data = { sessionID: step.session, assistantMessageID, ordinal, delta: text }
    return [{ type: `session.${type}.delta`, data }]
  }

  return {
    answer,
    part,
    delta,
    newest: (session: SessionId) => newest.get(session),
    /** Forgets the newest step. Returns its failure, if it failed. */
    close: (session: SessionId): Failure | undefined => {
      const last = newest.get(session)
      const ended = last === undefined ? undefined : steps.get(last)?.ended
      newest.delete(session)
      return ended === "completed" ? undefined : ended
    },
  }
}
