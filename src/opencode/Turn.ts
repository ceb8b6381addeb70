/**
 * One turn as a value: what a prompt has led to so far, built from opencode's events and from what it has stored.
 * Nothing here does anything; `Turns.ts` feeds it.
 *
 * The rules are section 3 of `opencode-api.md`: a turn is over when the session is idle **and** the newest message that
 * answers the prompt is completed. Neither alone proves it.
 */
import type { MessageId, SessionId } from "./Identifiers.ts"
import type { AssistantInfo, Failure, Message, Part, ToolPart } from "./Message.ts"
import type { OpencodeEvent } from "./OpencodeEvent.ts"
import type { PendingRequest, PermissionRequest, QuestionRequest } from "./PendingRequest.ts"
import type { SessionStatus } from "./Session.ts"

export interface Turn {
  readonly session: SessionId
  /** The user message that began it. */
  readonly prompt: MessageId
  /** The session and the sessions of its subagents: what one of these waits for, the turn waits for. */
  readonly family: ReadonlySet<SessionId>
  /** Whether opencode has shown that it knows the prompt. */
  readonly taken: boolean
  readonly status: SessionStatus
  /** The messages that answer the prompt, one for each model step, oldest first. */
  readonly answers: ReadonlyMap<MessageId, AssistantInfo>
  /** Their parts by id, oldest first. */
  readonly parts: ReadonlyMap<string, Part>
  readonly pending: ReadonlyMap<string, PendingRequest>
  /** Whether the agent went on to answer another message, which came in between. */
  readonly overtaken: boolean
  /** The first error that was reported for the session; later ones hold stack traces. */
  readonly error: Failure | undefined
}

/** How a turn can stand when nothing more will come of it by itself. */
export type Outcome =
  | { readonly _tag: "completed"; readonly detail?: string }
  | { readonly _tag: "failed"; readonly detail: string }
  | { readonly _tag: "aborted" }
  | { readonly _tag: "rejected"; readonly detail: string }
  | { readonly _tag: "needs permission"; readonly request: PermissionRequest }
  | { readonly _tag: "needs answer"; readonly request: QuestionRequest }
  | { readonly _tag: "still running" }
  | { readonly _tag: "interrupted"; readonly detail: string }
  | { readonly _tag: "unreachable"; readonly detail: string }

/** A turn whose prompt is about to be sent to an idle session. It counts as busy until opencode says otherwise. */
export const begin = (session: SessionId, prompt: MessageId): Turn => ({
  session,
  prompt,
  family: new Set([session]),
  taken: false,
  status: { type: "busy" },
  answers: new Map(),
  parts: new Map(),
  pending: new Map(),
  overtaken: false,
  error: undefined,
})

const put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V) => new Map(map).set(key, value)

const without = <K, V>(map: ReadonlyMap<K, V>, key: K) => new Map([...map].filter(([other]) => other !== key))

const failureText = (failure: Failure) => {
  const status = failure.data?.statusCode
  return `${failure.data?.message ?? failure.name}${status === undefined ? "" : ` (status ${status})`}`
}

const ofFailure = (failure: Failure): Outcome =>
  failure.name === "MessageAbortedError" ? { _tag: "aborted" } : { _tag: "failed", detail: failureText(failure) }

/** The turn after one more event. Events that are not the turn's leave it as it is. */
export const advance = (turn: Turn, event: OpencodeEvent): Turn => {
  switch (event.type) {
    case "session.created":
    case "session.updated": {
      const { id, parentID } = event.properties.info
      return parentID !== undefined && turn.family.has(parentID)
        ? { ...turn, family: new Set([...turn.family, id]) }
        : turn
    }
    case "session.status":
      return event.properties.sessionID === turn.session ? withStatus(turn, event.properties.status) : turn
    case "session.idle":
      return event.properties.sessionID === turn.session ? { ...turn, status: { type: "idle" } } : turn
    case "session.error":
      return event.properties.sessionID === turn.session && event.properties.error !== undefined
        ? { ...turn, error: turn.error ?? event.properties.error }
        : turn
    case "message.updated": {
      const { info } = event.properties
      if (info.id === turn.prompt) return { ...turn, taken: true }
      if (info.role !== "assistant") return turn
      return info.parentID === turn.prompt
        ? { ...turn, taken: true, answers: put(turn.answers, info.id, info) }
        : { ...turn, overtaken: turn.overtaken || overtakes(turn, info) }
    }
    case "message.part.updated": {
      const { part } = event.properties
      return part.type !== "unrecognised" && turn.answers.has(part.messageID)
        ? { ...turn, parts: put(turn.parts, part.id, part) }
        : turn
    }
    case "message.part.delta": {
      const { delta, field, partID } = event.properties
      const part = turn.parts.get(partID)
      return field === "text" && (part?.type === "text" || part?.type === "reasoning")
        ? { ...turn, parts: put(turn.parts, partID, { ...part, text: part.text + delta }) }
        : turn
    }
    case "permission.asked":
      return ask(turn, { kind: "permission", request: event.properties })
    case "question.asked":
      return ask(turn, { kind: "question", request: event.properties })
    case "permission.replied":
    case "question.replied":
    case "question.rejected":
      return { ...turn, pending: without(turn.pending, event.properties.requestID) }
    default:
      return turn
  }
}

const newestOf = (turn: Turn) => [...turn.answers.values()].at(-1)

const overtakes = (turn: Turn, { sessionID, time }: AssistantInfo) => {
  const newest = newestOf(turn)
  return newest !== undefined && sessionID === turn.session && time.created >= newest.time.created
}

/** An error from before the turn began to be worked on is not its own. */
const withStatus = (turn: Turn, status: SessionStatus): Turn => {
  if (status.type !== "busy") return { ...turn, status }
  return { ...turn, taken: true, status, error: turn.answers.size === 0 ? undefined : turn.error }
}

const ask = (turn: Turn, pending: PendingRequest): Turn =>
  turn.family.has(pending.request.sessionID)
    ? { ...turn, pending: put(turn.pending, pending.request.id, pending) }
    : turn

/** What opencode has stored about the session, read at one moment. */
export interface Stored {
  readonly status: SessionStatus
  readonly messages: ReadonlyArray<Message>
  /** Of the session and its subagents. */
  readonly pending: ReadonlyArray<PendingRequest>
}

/** The turn as it is stored. Text that is still streaming exists only in events, so the longer text is kept. */
export const reconcile = (turn: Turn, stored: Stored): Turn => {
  const answers = new Map(turn.answers)
  const parts = new Map(turn.parts)
  for (const { info, parts: found } of stored.messages) {
    if (info.role !== "assistant" || info.parentID !== turn.prompt) continue
    answers.set(info.id, info)
    for (const part of found) {
      if (part.type === "unrecognised") continue
      const known = parts.get(part.id)
      const streamedFurther = part.type === "text" && known?.type === "text" && known.text.length > part.text.length
      if (!streamedFurther || info.time.completed !== undefined) parts.set(part.id, part)
    }
  }
  const last = stored.messages.findLastIndex(({ info }) => answers.has(info.id))
  return {
    ...turn,
    overtaken:
      turn.overtaken || (last >= 0 && stored.messages.slice(last + 1).some(({ info }) => info.role === "assistant")),
    family: new Set([...turn.family, ...stored.pending.map(({ request }) => request.sessionID)]),
    taken: turn.taken || stored.messages.some(({ info }) => info.id === turn.prompt),
    status: stored.status,
    answers,
    parts,
    pending: new Map(stored.pending.map((item) => [item.request.id, item])),
  }
}

/** The outcome, as far as what is known of the turn decides it. */
export const outcome = (turn: Turn): Outcome | undefined => {
  const [waiting] = turn.pending.values()
  // An abort leaves its requests behind: they count only while somebody works.
  if (waiting !== undefined && turn.status.type !== "idle") {
    return waiting.kind === "permission"
      ? { _tag: "needs permission", request: waiting.request }
      : { _tag: "needs answer", request: waiting.request }
  }
  if (turn.status.type !== "idle") return undefined
  const newest = newestOf(turn)
  if (newest === undefined) return turn.error === undefined ? undefined : ofFailure(turn.error)
  if (newest.time.completed === undefined) return undefined
  if (newest.error !== undefined) return ofFailure(newest.error)
  // Stopped while opencode waited to try the provider again: the only end that leaves neither.
  if (newest.finish === undefined) return { _tag: "aborted" }
  if (newest.finish !== "tool-calls") {
    return newest.finish === "stop"
      ? { _tag: "completed" }
      : { _tag: "completed", detail: `the model stopped because of "${newest.finish}"` }
  }
  // Between two steps, the message that would say why it ended does not exist yet.
  if (turn.error !== undefined) return ofFailure(turn.error)
  const refused = toolCalls(turn).findLast(
    ({ messageID, state }) => messageID === newest.id && state.status === "error",
  )
  if (refused?.state.status === "error") {
    return { _tag: "rejected", detail: `${refused.tool}: ${refused.state.error}` }
  }
  return turn.overtaken
    ? { _tag: "completed", detail: "another message came in between, and the agent went on to answer that one" }
    : { _tag: "aborted" }
}

/** What the agent wrote, step by step. */
export const text = (turn: Turn): string =>
  [...turn.parts.values()]
    .flatMap((part) => (part.type === "text" && part.synthetic !== true && part.text !== "" ? [part.text] : []))
    .join("\n\n")

export const toolCalls = (turn: Turn): ReadonlyArray<ToolPart> =>
  [...turn.parts.values()].filter((part) => part.type === "tool")
