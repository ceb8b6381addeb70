/** What is known of one turn: what a prompt has led to so far. */
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { AssistantInfo, Failure, Part, ReasoningPart, TextPart, ToolPart } from "../sessions/Message.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { SessionStatus } from "../sessions/Session.ts"
import { beginLineage, type Lineage } from "./lineage.ts"

export interface Turn {
  readonly session: SessionId
  /** The user message that began it. */
  readonly prompt: MessageId
  /** Which messages of the session belong to it. */
  readonly lineage: Lineage
  /** The session and the sessions of its subagents: what one of these waits for, the turn waits for. */
  readonly family: ReadonlySet<SessionId>
  /** Whether opencode has shown that it knows the prompt. */
  readonly taken: boolean
  readonly status: SessionStatus
  /** The messages that answer it, one for each model step, oldest first. */
  readonly answers: ReadonlyMap<MessageId, AssistantInfo>
  /** Their parts by id, oldest first. */
  readonly parts: ReadonlyMap<string, Part>
  readonly pending: ReadonlyMap<string, PendingRequest>
  /** Characters that were heard as they streamed and that opencode had not stored when it was last looked at. */
  readonly unstored: number
  /** Whether events are being missed: nobody knows what it does now. */
  readonly lost: boolean
  /** The first error that was reported for the session; later ones hold stack traces. */
  readonly error: Failure | undefined
}

/** A turn whose prompt is about to be sent to an idle session. It counts as busy until opencode says otherwise. */
export const begin = (session: SessionId, prompt: MessageId): Turn => ({
  session,
  prompt,
  lineage: beginLineage(prompt),
  family: new Set([session]),
  taken: false,
  status: { type: "busy" },
  answers: new Map(),
  parts: new Map(),
  pending: new Map(),
  unstored: 0,
  lost: false,
  error: undefined,
})

/** What the agent wrote, step by step. */
export const text = (turn: Turn): string =>
  [...turn.parts.values()]
    .flatMap((part) => (part.type === "text" && part.synthetic !== true && part.text !== "" ? [part.text] : []))
    .join("\n\n")

export const toolCalls = (turn: Turn): ReadonlyArray<ToolPart> =>
  [...turn.parts.values()].filter((part) => part.type === "tool")

/** Whether the call has its result. */
export const isOver = ({ state }: ToolPart): boolean => state.status === "completed" || state.status === "error"

export const isStreaming = (part: Part): part is TextPart | ReasoningPart =>
  (part.type === "text" || part.type === "reasoning") && part.time?.end === undefined

/** Whether more is known of the part: after a look at what is stored, older events may still come. */
export const isLate = (known: Part | undefined, part: Part): boolean =>
  known?.type === "tool" && part.type === "tool"
    ? isOver(known) && !isOver(part)
    : known !== undefined && !isStreaming(known) && isStreaming(part)

/** No message is opened again: this is what it was before. */
export const isReopened = (known: AssistantInfo | undefined, info: AssistantInfo): boolean =>
  known?.time.completed !== undefined && info.time.completed === undefined

/** What stands for text that was not heard, until the part is closed and with it told in full. */
export const hole = "[…]"
