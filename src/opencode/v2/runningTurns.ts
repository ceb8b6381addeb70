/**
 * The running turns as one connection knows them, and the `TurnEvent`s that follow from it: which prompt a step answers,
 * and how it ended.
 */
import type { TurnEvent } from "../events/TurnEvent.ts"
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { AssistantInfo, Failure, ToolPart, ToolState } from "../sessions/Message.ts"
import { inactivity } from "./inactivity.ts"
import { type RefusedSteps, withReason } from "./refusals.ts"
import type { WireEvent } from "./wire/WireEvent.ts"
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
  /** Whether it has asked a person. */
  hasAsked: boolean
}

/** The state of a session. */
interface Known {
  /** The prompt that was delivered last. */
  prompt: MessageId | undefined
  /** The newest step of the running turn. */
  newest: MessageId | undefined
  /** The prompts of the running turns: those delivered since the session was idle. */
  running: ReadonlyArray<MessageId>
  /** Whether an execution has started to which nothing was delivered yet. */
  hasJustStarted: boolean
  readonly requests: Set<string>
}

interface InboxItem {
  readonly isPrompt: boolean
  /** Whether it is a text of opencode itself. */
  readonly isSynthetic: boolean
  /** Set if the item is the reason of a refusal. */
  readonly rejectedCall: string | undefined
  readonly text: string
}

export const heartbeat: TurnEvent = { _tag: "Heartbeat" }

export const stale = (sessionID: SessionId): TurnEvent => ({ _tag: "SessionStale", sessionID })

const busy = (sessionID: SessionId): TurnEvent => ({
  _tag: "StatusChanged",
  sessionID,
  status: { type: "busy" },
})

export const makeRunningTurns = (refused: RefusedSteps) => {
  const sessions = new Map<SessionId, Known>()
  const steps = new Map<MessageId, Step>()
  const inbox = new Map<MessageId, InboxItem>()

  const knownOf = (session: SessionId): Known => {
    const known = sessions.get(session) ?? {
      prompt: undefined,
      newest: undefined,
      running: [],
      hasJustStarted: false,
      requests: new Set(),
    }
    sessions.set(session, known)
    return known
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

  const executionStarted = (sessionID: SessionId): ReadonlyArray<TurnEvent> => {
    knownOf(sessionID).hasJustStarted = true
    return [busy(sessionID)]
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
    known.hasJustStarted = false
    const step: Step = {
      session: sessionID,
      info: undefined,
      tools: steps.get(id)?.tools ?? new Map(),
      isStopped: false,
      isRefused: refused.has(id),
      hasAsked: false,
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
    // The end of background work starts a turn in an idle session; in a busy one it goes to the running turn.
    const startsTurn = item?.isPrompt === true || (item?.isSynthetic === true && known.hasJustStarted)
    known.hasJustStarted = false
    inbox.delete(id)
    if (item === undefined) {
      known.prompt = undefined
      return [stale(sessionID)]
    }
    if (startsTurn) {
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
        // A refusal from another process is an interruption, too. Only the stored state tells them apart.
        if (step?.isStopped === true && step.hasAsked) return ended(sessionID, [])
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
    const { id, tool } = event.pending.request
    knownOf(sessionID).requests.add(id)
    const step = tool === undefined ? undefined : steps.get(tool.messageID)
    if (step !== undefined) step.hasAsked = true
    return [event]
  }

  const settled = (sessionID: SessionId, requestID: string): ReadonlyArray<TurnEvent> => {
    knownOf(sessionID).requests.delete(requestID)
    return [{ _tag: "RequestSettled", sessionID, requestID }]
  }

  return {
    sessions,
    steps,
    inbox,
    executionStarted,
    knownOf,
    changed,
    withTool,
    started,
    delivered,
    ended,
    failed,
    interrupted,
    opened,
    settled,
  }
}
