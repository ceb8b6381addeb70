/**
 * Translates opencode 2's events into `TurnEvent`s. The meaning of an event can depend on earlier ones: a step does not name
 * its prompt, and only the end of the execution shows why a step was stopped. Each connection therefore has a translator,
 * which remembers the running turns (`runningTurns.ts`).
 */
import { Option, Schema } from "effect"
import type { TurnEvent } from "../events/TurnEvent.ts"
import type { SessionId } from "../Identifiers.ts"
import { blockId, blockPart, completedTool, endedTime, patchPart, toolPart } from "./answerParts.ts"
import { isRefusal, refusalText, type RefusedSteps, rejectedCall } from "./refusals.ts"
import { toPermission, toQuestion } from "./requests.ts"
import { heartbeat, makeRunningTurns, stale } from "./runningTurns.ts"
import { WireEnvelope, WireEvent } from "./wire/WireEvent.ts"
import { failureOf } from "./wire/WireMessage.ts"

const decodeEnvelope = Schema.decodeUnknownOption(WireEnvelope)
const decodeEvent = Schema.decodeUnknownOption(WireEvent)

type Translate = (frame: unknown, worktree: string) => ReadonlyArray<TurnEvent>

/** The session whose step has changed files, so that the frame cannot be translated without its working tree. */
export const needsWorktree = (frame: unknown): SessionId | undefined => {
  const event = Option.getOrUndefined(decodeEvent(frame))
  return (event?.type === "session.step.ended" || event?.type === "session.step.failed") &&
    (event.data.files ?? []).length > 0
    ? event.data.sessionID
    : undefined
}

/**
 * A translator for the frames of one connection, in their order. It cannot fail. `onUnknown` receives the type of an event of
 * an unknown type or shape.
 */
export const makeTranslator = (refused: RefusedSteps, onUnknown: (type: string) => void = () => {}): Translate => {
  const sequence = new Map<string, number>()
  /** Events are missing if the number is not the next one of its session. */
  const isGap = ({ durable }: WireEnvelope) => {
    if (durable === undefined) return false
    const last = sequence.get(durable.aggregateID)
    sequence.set(durable.aggregateID, durable.seq)
    return last !== undefined && durable.seq > last + 1
  }

  const turns = makeRunningTurns(refused)

  const translate = (event: WireEvent, now: number, worktree: string): ReadonlyArray<TurnEvent> => {
    switch (event.type) {
      case "server.connected":
        return [{ _tag: "Connected" }]
      case "session.created": {
        const { parentID, sessionID } = event.data
        return parentID === undefined ? [heartbeat] : [{ _tag: "SubagentStarted", sessionID, parentID }]
      }
      case "session.deleted": {
        const { sessionID } = event.data
        const events = turns.ended(sessionID, [])
        turns.sessions.delete(sessionID)
        sequence.delete(sessionID)
        return [...events, { _tag: "SessionDeleted", sessionID }]
      }
      case "session.inbox.enqueued": {
        const { inboxID, item } = event.data
        const call = rejectedCall(item.payload?.metadata)
        const isPrompt = item.type === "user" && call === undefined
        turns.inbox.set(inboxID, {
          isPrompt,
          isSynthetic: item.type === "synthetic",
          rejectedCall: call,
          text: call === undefined ? "" : (item.payload?.text ?? ""),
        })
        return [heartbeat]
      }
      case "session.inbox.cancelled":
        turns.inbox.delete(event.data.inboxID)
        return [heartbeat]
      case "session.inbox.delivered":
        return turns.delivered(event.data.sessionID, event.data.inboxID, now)
      case "session.execution.started":
        return turns.executionStarted(event.data.sessionID)
      case "session.execution.succeeded":
        return turns.ended(event.data.sessionID, [])
      case "session.execution.failed": {
        const { error, sessionID } = event.data
        // opencode uses `aborted` when it gives up a turn that was interrupted again and again.
        return turns.ended(sessionID, [turns.failed(sessionID, { ...failureOf(error), kind: "failed" })])
      }
      case "session.execution.interrupted":
        return turns.interrupted(event.data.sessionID, event.data.reason, now)
      case "session.retry.scheduled": {
        const { at, attempt, error, sessionID } = event.data
        const status = { type: "retry", attempt, message: error.message, next: at } as const
        return [{ _tag: "StatusChanged", sessionID, status }]
      }
      case "session.step.started":
        return turns.started(event.data, now)
      case "session.step.ended":
      case "session.step.failed": {
        const { assistantMessageID: id, cost, files = [], sessionID, tokens } = event.data
        const step = turns.steps.get(id)
        const patch: ReadonlyArray<TurnEvent> =
          files.length === 0 ? [] : [{ _tag: "PartChanged", part: patchPart(id, files, worktree) }]
        if (step?.info === undefined) return [stale(sessionID)]
        if (event.type === "session.step.failed" && event.data.error.type === "aborted") {
          step.isStopped = true
          return [heartbeat, ...patch]
        }
        const end =
          event.type === "session.step.ended"
            ? { finish: event.data.finish }
            : { finish: "error", error: failureOf(event.data.error) }
        return [
          turns.changed(step, {
            ...step.info,
            time: { ...step.info.time, completed: now },
            ...(cost === undefined ? {} : { cost }),
            ...(tokens === undefined ? {} : { tokens }),
            ...end,
          }),
          ...patch,
        ]
      }
      case "session.text.started":
      case "session.text.ended":
      case "session.reasoning.started":
      case "session.reasoning.ended": {
        const { assistantMessageID: messageID, ordinal } = event.data
        const type = event.type.startsWith("session.text.") ? "text" : "reasoning"
        const [text, end] = "text" in event.data ? [event.data.text, { end: now }] : ["", {}]
        return [
          { _tag: "PartChanged", part: blockPart({ messageID, type, ordinal, text, time: { start: now, ...end } }) },
        ]
      }
      case "session.text.delta":
      case "session.reasoning.delta": {
        const { assistantMessageID: messageID, delta, ordinal } = event.data
        const type = event.type === "session.text.delta" ? "text" : "reasoning"
        return [{ _tag: "TextDelta", messageID, partID: blockId({ messageID, type, ordinal }), delta }]
      }
      case "session.tool.input.started": {
        const { assistantMessageID, id, name } = event.data
        const part = toolPart(assistantMessageID, id, name, { status: "pending", input: {} })
        turns.steps.get(assistantMessageID)?.tools.set(id, part)
        return [{ _tag: "PartChanged", part }]
      }
      case "session.tool.called": {
        const { assistantMessageID, id, input, sessionID } = event.data
        return turns.withTool(turns.steps.get(assistantMessageID), sessionID, id, () => ({
          status: "running",
          input,
          time: { start: now },
        }))
      }
      case "session.tool.progress": {
        const child = event.data.metadata?.sessionID
        return child === undefined
          ? [heartbeat]
          : [{ _tag: "SubagentStarted", sessionID: child, parentID: event.data.sessionID }]
      }
      case "session.tool.success": {
        const { assistantMessageID, content, id, metadata, sessionID } = event.data
        return turns.withTool(turns.steps.get(assistantMessageID), sessionID, id, ({ state }) =>
          completedTool(state.input, content, metadata, endedTime(state, now)),
        )
      }
      case "session.tool.failed": {
        const { assistantMessageID, error, id, sessionID } = event.data
        const step = turns.steps.get(assistantMessageID)
        if (step !== undefined && isRefusal(error.message)) step.isRefused = true
        return turns.withTool(step, sessionID, id, ({ state }) => ({
          status: "error",
          input: state.input,
          error: refused.has(assistantMessageID) ? refusalText : error.message,
          ...endedTime(state, now),
        }))
      }
      case "permission.asked": {
        const { id, messageID } = event.data.source ?? {}
        const call = messageID === undefined || id === undefined ? undefined : turns.steps.get(messageID)?.tools.get(id)
        const request = toPermission(event.data, call?.state)
        return turns.opened(request.sessionID, { _tag: "RequestOpened", pending: { kind: "permission", request } })
      }
      case "form.created": {
        const request = toQuestion(event.data.form)
        return turns.opened(request.sessionID, { _tag: "RequestOpened", pending: { kind: "question", request } })
      }
      case "permission.replied":
        return turns.settled(event.data.sessionID, event.data.requestID)
      case "form.replied":
      case "form.cancelled":
        return turns.settled(event.data.sessionID, event.data.id)
    }
  }

  return (frame, worktree) => {
    const envelope = Option.getOrUndefined(decodeEnvelope(frame))
    if (envelope === undefined) return [heartbeat]
    const event = Option.getOrUndefined(decodeEvent(frame))
    const session = envelope.data?.sessionID
    if (event === undefined && session !== undefined && envelope.type === "session.inbox.delivered") {
      // A prompt whose id is too long.
      turns.knownOf(session).prompt = undefined
    }
    if (event === undefined) onUnknown(envelope.type)
    const events = event === undefined ? [heartbeat] : translate(event, envelope.created ?? 0, worktree)
    return isGap(envelope) && session !== undefined ? [stale(session), ...events] : events
  }
}
