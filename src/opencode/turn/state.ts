/** The state of a turn. */
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { AssistantInfo, Failure, Part, ReasoningPart, TextPart, ToolPart } from "../sessions/Message.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { SessionStatus } from "../sessions/Session.ts"
import { beginLineage, type Lineage } from "./lineage.ts"

export interface Turn {
  readonly session: SessionId
  /** The user message that started the turn. */
  readonly prompt: MessageId
  /** Which messages of the session belong to the turn. */
  readonly lineage: Lineage
  /** The session and the sessions of its subagents. The turn waits for the pending requests of all of them. */
  readonly family: ReadonlySet<SessionId>
  /** Whether opencode has shown that it has the prompt. */
  readonly accepted: boolean
  readonly status: SessionStatus
  /** The answers to the prompt, one for each model step, oldest first. */
  readonly answers: ReadonlyMap<MessageId, AssistantInfo>
  /** The parts of the answers by id, oldest first. */
  readonly parts: ReadonlyMap<string, Part>
  readonly pending: ReadonlyMap<string, PendingRequest>
  /** Characters of streamed text that opencode had not stored when it was last read. */
  readonly unstored: number
  /** Number of stored messages that could not be read, so that the text may be incomplete. */
  readonly unreadable: number
  /** Whether events are being missed, so that the current state is unknown. */
  readonly isMissingEvents: boolean
  /** The first error of the session. Later ones hold stack traces. */
  readonly error: Failure | undefined
}

/** A turn whose prompt is about to be sent. It counts as busy until opencode reports otherwise. */
export const begin = (session: SessionId, prompt: MessageId): Turn => ({
  session,
  prompt,
  lineage: beginLineage(prompt),
  family: new Set([session]),
  accepted: false,
  status: { type: "busy" },
  answers: new Map(),
  parts: new Map(),
  pending: new Map(),
  unstored: 0,
  unreadable: 0,
  isMissingEvents: false,
  error: undefined,
})

/** The agent's text; a blank line separates the steps. */
export const text = (turn: Turn): string =>
  [...turn.parts.values()]
    .flatMap((part) => (part.type === "text" && part.synthetic !== true && part.text !== "" ? [part.text] : []))
    .join("\n\n")

export const toolCalls = (turn: Turn): ReadonlyArray<ToolPart> =>
  [...turn.parts.values()].filter((part) => part.type === "tool")

/** Whether the tool call has a result. */
export const isFinished = ({ state }: ToolPart): boolean => state.status === "completed" || state.status === "error"

export const isStreaming = (part: Part): part is TextPart | ReasoningPart =>
  (part.type === "text" || part.type === "reasoning") && part.time?.end === undefined

/** Whether `known` is newer than `part`. Older events can still arrive after a read. */
export const isOutdated = (known: Part | undefined, part: Part): boolean =>
  known?.type === "tool" && part.type === "tool"
    ? isFinished(known) && !isFinished(part)
    : known !== undefined && !isStreaming(known) && isStreaming(part)

/** Whether `info` is older than `known`, because a completed message never becomes incomplete again. */
export const isOutdatedInfo = (known: AssistantInfo | undefined, info: AssistantInfo): boolean =>
  known?.time.completed !== undefined && info.time.completed === undefined

/** Stands for missed text until the part is complete and its full text is known. */
export const gapMark = "[…]"
