/**
 * Translates opencode 2's events into `TurnEvent`s. The meaning of an event can depend on earlier ones: a step does not name
 * its prompt, and only the end of the execution shows why a step was stopped. Each connection therefore has a translator,
 * which remembers the steps of the running turns.
 */
import { Option, Schema } from "effect"
import type { TurnEvent } from "../events/TurnEvent.ts"
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { AssistantInfo, Failure, ToolPart, ToolState } from "../sessions/Message.ts"
import { blockId, blockPart, patchPart, toolOutput, toolPart } from "./answerParts.ts"
import { isRefusal, refusalText, type RefusedSteps, rejectedCall, withReason } from "./refusals.ts"
import { toPermission, toQuestion } from "./requests.ts"
import { WireEnvelope, WireEvent } from "./wire/WireEvent.ts"
import { failureOf } from "./wire/WireMessage.ts"
import { joinModel } from "./wire/WireModel.ts"

/** A step of a running turn. */
interface Step {
  readonly session: SessionId
  /** Undefined if the prompt was delivered before the connection was made. */
  info: AssistantInfo | undefined
  readonly tools: Map<string, ToolPart>
  /** Whether it was stopped. The end of the execution shows why. */
  isStopped: boolean
  isRefused: boolean
}

/** The state of a session. */
interface Known {
  /** The prompt that was delivered last. */
  prompt: MessageId | undefined
  /** The newest step of the running turn. */
  newest: MessageId | undefined
  /** The prompts of the running turns: those delivered since the session was idle. */
  running: ReadonlyArray<MessageId>
  readonly requests: Set<string>
}

interface InboxItem {
  readonly isPrompt: boolean
  /** Set if the item is the reason of a refusal. */
  readonly rejectedCall: string | undefined
  readonly text: string
}

const decodeEnvelope = Schema.decodeUnknownOption(WireEnvelope)
const decodeEvent = Schema.decodeUnknownOption(WireEvent)

const heartbeat: TurnEvent = { _tag: "Heartbeat" }

const stale = (sessionID: SessionId): TurnEvent => ({ _tag: "SessionStale", sessionID })

const busy = (sessionID: SessionId): TurnEvent => ({ _tag: "StatusChanged", sessionID, status: { type: "busy" } })

const inactivity: Failure = {
  kind: "failed",
  message: "opencode stopped the turn because nothing had happened in its directory for 60 minutes",
}

export type Translate = (frame: unknown, worktree: string) => ReadonlyArray<TurnEvent>

/** The session whose step has changed files, so that the frame cannot be translated without its working tree. */
export const needsWorktree = (frame: unknown): SessionId | undefined => {
  const event = Option.getOrUndefined(decodeEvent(frame))
  return (event?.type === "session.step.ended" || event?.type === "session.step.failed") &&
    (event.data.files ?? []).length > 0
    ? event.data.sessionID
    : undefined
}

/** A translator for the frames of one connection, in their order. It cannot fail. */
export const makeTranslator = (refused: RefusedSteps): Translate => {
  const sequence = new Map<string, number>()
  const sessions = new Map<SessionId, Known>()
  const steps = new Map<MessageId, Step>()
  const inbox = new Map<MessageId, InboxItem>()

  const knownOf = (session: SessionId): Known => {
    const known = sessions.get(session) ?? { prompt: undefined, newest: undefined, running: [], requests: new Set() }
    sessions.set(session, known)
    return known
  }

  /** Events are missing if the number is not the next one of its session. */
  const isGap = ({ durable }: WireEnvelope) => {
    if (durable === undefined) return false
    const last = sequence.get(durable.aggregateID)
    sequence.set(durable.aggregateID, durable.seq)
    return last !== undefined && durable.seq > last + 1
  }

  const changed = (step: Step, info: AssistantInfo): TurnEvent => {
    step.info = info
    return { _tag: "MessageChanged", info }
  }

  const withTool = (step: Step | undefined, session: SessionId, id: string, next: (part: ToolPart) => ToolState) => {
    const part = step?.tools.get(id)
    if (step === undefined || part === undefined) return [stale(session)]
    const now = { ...part, state: next(part) }
    step.tools.set(id, now)
    return [{ _tag: "PartChanged", part: now } as const]
  }

  const started = (
    {
      agent,
      assistantMessageID: id,
      model,
      sessionID,
      started,
    }: Extract<WireEvent, { readonly type: "session.step.started" }>["data"],
    now: number,
  ): ReadonlyArray<TurnEvent> => {
    const known = knownOf(sessionID)
    known.newest = id
    const step: Step = {
      session: sessionID,
      info: undefined,
      tools: steps.get(id)?.tools ?? new Map(),
      isStopped: false,
      isRefused: refused.has(id),
    }
    steps.set(id, step)
    if (known.prompt === undefined) return [stale(sessionID)]
    return [
      // Ends the wait for a retry.
      busy(sessionID),
      changed(step, {
        id,
        sessionID,
        role: "assistant",
        parentID: known.prompt,
        time: { created: started ?? now },
        agent,
        model: joinModel(model),
      }),
    ]
  }

  const delivered = (sessionID: SessionId, id: MessageId, created: number): ReadonlyArray<TurnEvent> => {
    const known = knownOf(sessionID)
    const item = inbox.get(id)
    inbox.delete(id)
    if (item === undefined) {
      known.prompt = undefined
      return [stale(sessionID)]
    }
    if (item.isPrompt) {
      known.prompt = id
      known.running = [...known.running, id]
      return [{ _tag: "MessageChanged", info: { id, sessionID, role: "user", time: { created } } }]
    }
    const { rejectedCall: call, text } = item
    const step = [...steps.values()].find(({ tools }) => call !== undefined && tools.has(call))
    if (call === undefined || step === undefined) return [heartbeat]
    return withTool(step, sessionID, call, ({ state }) =>
      state.status === "error" ? { ...state, error: withReason(state.error, text) } : state,
    )
  }

  /** The execution has ended: nothing happens in the session until the next one. */
  const ended = (sessionID: SessionId, last: ReadonlyArray<TurnEvent>): ReadonlyArray<TurnEvent> => {
    const known = knownOf(sessionID)
    const settled = [...known.requests].map((requestID) => ({ _tag: "RequestSettled", sessionID, requestID }) as const)
    known.requests.clear()
    known.newest = undefined
    known.running = []
    for (const [id, { session }] of steps) if (session === sessionID) steps.delete(id)
    return [...settled, ...last, { _tag: "StatusChanged", sessionID, status: { type: "idle" } }]
  }

  /** The failure of the running turns. Their prompts are unknown if they were delivered before the connection. */
  const failed = (sessionID: SessionId, failure: Failure): TurnEvent => {
    const { running } = knownOf(sessionID)
    return { _tag: "SessionFailed", sessionID, failure, ...(running.length === 0 ? {} : { prompts: running }) }
  }

  const interrupted = (sessionID: SessionId, reason: string, now: number): ReadonlyArray<TurnEvent> => {
    const newest = knownOf(sessionID).newest
    const step = newest === undefined ? undefined : steps.get(newest)
    const info = step?.info
    const completed = (rest: Partial<AssistantInfo>): ReadonlyArray<TurnEvent> =>
      step === undefined || info === undefined || info.time.completed !== undefined
        ? []
        : [changed(step, { ...info, time: { ...info.time, completed: now }, ...rest })]
    if (step?.isStopped === true && (step.isRefused || (newest !== undefined && refused.has(newest)))) {
      return ended(sessionID, completed({ finish: "tool-calls" }))
    }
    switch (reason) {
      case "user": {
        const failure: Failure = { kind: "aborted", message: "Interrupted" }
        return ended(sessionID, [failed(sessionID, failure), ...completed({ error: failure })])
      }
      case "inactivity":
        return ended(sessionID, [failed(sessionID, inactivity), ...completed({ error: inactivity })])
      default:
        // The server is stopping: the answer stays unfinished.
        return ended(sessionID, [])
    }
  }

  const opened = (sessionID: SessionId, event: Extract<TurnEvent, { readonly _tag: "RequestOpened" }>) => {
    knownOf(sessionID).requests.add(event.pending.request.id)
    return [event]
  }

  const settled = (sessionID: SessionId, requestID: string): ReadonlyArray<TurnEvent> => {
    knownOf(sessionID).requests.delete(requestID)
    return [{ _tag: "RequestSettled", sessionID, requestID }]
  }

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
        const events = ended(sessionID, [])
        sessions.delete(sessionID)
        sequence.delete(sessionID)
        return [...events, { _tag: "SessionDeleted", sessionID }]
      }
      case "session.inbox.enqueued": {
        const { inboxID, item } = event.data
        const call = rejectedCall(item.payload?.metadata)
        const isPrompt = item.type === "user" && call === undefined
        inbox.set(inboxID, { isPrompt, rejectedCall: call, text: call === undefined ? "" : (item.payload?.text ?? "") })
        return [heartbeat]
      }
      case "session.inbox.cancelled":
        inbox.delete(event.data.inboxID)
        return [heartbeat]
      case "session.inbox.delivered":
        return delivered(event.data.sessionID, event.data.inboxID, now)
      case "session.execution.started":
        return [busy(event.data.sessionID)]
      case "session.execution.succeeded":
        return ended(event.data.sessionID, [])
      case "session.execution.failed": {
        const { error, sessionID } = event.data
        return ended(sessionID, [failed(sessionID, failureOf(error))])
      }
      case "session.execution.interrupted":
        return interrupted(event.data.sessionID, event.data.reason, now)
      case "session.retry.scheduled": {
        const { at, attempt, error, sessionID } = event.data
        const status = { type: "retry", attempt, message: error.message, next: at } as const
        return [{ _tag: "StatusChanged", sessionID, status }]
      }
      case "session.step.started":
        return started(event.data, now)
      case "session.step.ended":
      case "session.step.failed": {
        const { assistantMessageID: id, cost, files = [], sessionID, tokens } = event.data
        const step = steps.get(id)
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
          changed(step, {
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
        steps.get(assistantMessageID)?.tools.set(id, part)
        return [{ _tag: "PartChanged", part }]
      }
      case "session.tool.called": {
        const { assistantMessageID, id, input, sessionID } = event.data
        return withTool(steps.get(assistantMessageID), sessionID, id, () => ({ status: "running", input }))
      }
      case "session.tool.progress": {
        const child = event.data.metadata?.sessionID
        return child === undefined
          ? [heartbeat]
          : [{ _tag: "SubagentStarted", sessionID: child, parentID: event.data.sessionID }]
      }
      case "session.tool.success": {
        const { assistantMessageID, content, id, sessionID } = event.data
        return withTool(steps.get(assistantMessageID), sessionID, id, ({ state: { input } }) => ({
          status: "completed",
          input,
          output: toolOutput(content),
        }))
      }
      case "session.tool.failed": {
        const { assistantMessageID, error, id, sessionID } = event.data
        const step = steps.get(assistantMessageID)
        if (step !== undefined && isRefusal(error.message)) step.isRefused = true
        return withTool(step, sessionID, id, ({ state: { input } }) => ({
          status: "error",
          input,
          error: refused.has(assistantMessageID) ? refusalText : error.message,
        }))
      }
      case "permission.asked": {
        const { id, messageID } = event.data.source ?? {}
        const call = messageID === undefined || id === undefined ? undefined : steps.get(messageID)?.tools.get(id)
        const request = toPermission(event.data, call?.state.input)
        return opened(request.sessionID, { _tag: "RequestOpened", pending: { kind: "permission", request } })
      }
      case "form.created": {
        const request = toQuestion(event.data.form)
        return opened(request.sessionID, { _tag: "RequestOpened", pending: { kind: "question", request } })
      }
      case "permission.replied":
        return settled(event.data.sessionID, event.data.requestID)
      case "form.replied":
      case "form.cancelled":
        return settled(event.data.sessionID, event.data.id)
    }
  }

  return (frame, worktree) => {
    const envelope = Option.getOrUndefined(decodeEnvelope(frame))
    if (envelope === undefined) return [heartbeat]
    const event = Option.getOrUndefined(decodeEvent(frame))
    const session = envelope.data?.sessionID
    if (event === undefined && session !== undefined && envelope.type === "session.inbox.delivered") {
      // A prompt whose id is too long.
      knownOf(session).prompt = undefined
    }
    const events = event === undefined ? [heartbeat] : translate(event, envelope.created ?? 0, worktree)
    return isGap(envelope) && session !== undefined ? [stale(session), ...events] : events
  }
}
