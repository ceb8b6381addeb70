/** Merges what opencode has stored about the session into a turn. */
import type { Message, Part } from "../sessions/Message.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { SessionStatus } from "../sessions/Session.ts"
import {
  answers as belongs,
  isIntermediate,
  isSummary,
  type Lineage,
  tellsOfSubagent,
  withAssistant,
  withCompaction,
  withContinuation,
  withPrompt,
  withUser,
} from "./lineage.ts"
import { gapMark, isOutdated, isOutdatedInfo, isStreaming, type Turn } from "./state.ts"

/** What opencode has stored about the session at one moment. */
export interface StoredSession {
  readonly status: SessionStatus
  /** The prompt and all later messages, oldest first. */
  readonly messages: ReadonlyArray<Message>
  /** Of the session and its subagents. */
  readonly pending: ReadonlyArray<PendingRequest>
  /** Number of messages that opencode could not send or that could not be read. Default: 0. */
  readonly unreadable?: number
}

/** Whether the message is opencode's own request for a summary. */
export const isAutoCompaction = ({ info, parts }: Message): boolean =>
  info.role === "user" && parts.some((part) => part.type === "compaction" && part.auto === true)

/** Whether opencode itself continues the turn with the result of a slash command's subagent. */
const isSubagentResult = ({ info, parts }: Message): boolean => info.role === "user" && parts.some(tellsOfSubagent)

const isCompaction = ({ parts }: Message) => parts.some(({ type }) => type === "compaction")

const lineageOf = (turn: Turn, messages: ReadonlyArray<Message>): Lineage => {
  let lineage = turn.lineage
  let answered = turn.answers.size > 0
  for (const [index, message] of messages.entries()) {
    const { info } = message
    if (info.role === "user") {
      const before = messages[index - 1]?.info
      lineage = info.id === turn.prompt ? withPrompt(lineage, info, isCompaction(message)) : withUser(lineage, info)
      if (isAutoCompaction(message)) lineage = withCompaction(lineage, info.id)
      if (isSubagentResult(message) && before?.role === "assistant" && belongs(lineage, before))
        lineage = withContinuation(lineage, info.id)
    } else {
      lineage = withAssistant(lineage, info, answered)
      if (belongs(lineage, info)) answered = !isIntermediate(info, message.parts)
    }
  }
  return lineage
}

/** The number of received characters, without gap marks. */
const receivedLength = (text: string) => text.replaceAll(gapMark, "").length

/** Sorts into opencode's order, because missed parts come before parts that were received since. */
const inOrder = (answers: Turn["answers"], parts: Turn["parts"], stored: ReadonlyArray<string>) => {
  const messages = [...answers.values()].sort((one, other) => one.time.created - other.time.created)
  const messagePosition = new Map(messages.map(({ id }, index) => [id, index]))
  const storedPosition = new Map(stored.map((id, index) => [id, index]))
  const at = ([id, part]: readonly [string, Part]) => ({
    message: messagePosition.get(part.messageID) ?? 0,
    part: storedPosition.get(id) ?? stored.length,
  })
  return {
    answers: new Map(messages.map((info) => [info.id, info])),
    parts: new Map(
      [...parts]
        .map((entry) => ({ entry, ...at(entry) }))
        .sort((one, other) => one.message - other.message || one.part - other.part)
        .map(({ entry }) => entry),
    ),
  }
}

/** opencode 2 stores a wait for a retry in the newest answer only. */
const withRetry = (status: SessionStatus, answers: Turn["answers"]): SessionStatus => {
  const retry = [...answers.values()].at(-1)?.retry
  return status.type === "busy" && retry !== undefined ? { type: "retry", ...retry } : status
}

/** The turn after a read. Streaming text is only in events, so the received text is kept. */
export const reconcile = (turn: Turn, { messages, pending, status, unreadable = 0 }: StoredSession): Turn => {
  const prompted = messages.findIndex(({ info }) => info.id === turn.prompt)
  const lineage = prompted < 0 && !turn.accepted ? turn.lineage : lineageOf(turn, messages.slice(Math.max(0, prompted)))
  const answers = new Map(turn.answers)
  const parts = new Map(turn.parts)
  const order: Array<string> = []
  let unstored = 0
  for (const { info, parts: storedParts } of messages) {
    if (info.role !== "assistant" || !belongs(lineage, info)) continue
    if (!isOutdatedInfo(answers.get(info.id), info)) answers.set(info.id, info)
    for (const part of storedParts) {
      if (part.type === "step" || isSummary(lineage, info)) continue
      order.push(part.id)
      const known = parts.get(part.id)
      if (isOutdated(known, part)) continue
      const open = isStreaming(part) && info.time.completed === undefined
      if (open && known !== undefined && isStreaming(known)) unstored += receivedLength(known.text) - part.text.length
      else parts.set(part.id, open && part.text === "" ? { ...part, text: gapMark } : part)
    }
  }
  return {
    ...turn,
    isMissingEvents: false,
    unreadable,
    lineage,
    family: new Set([...turn.family, ...pending.map(({ request }) => request.sessionID)]),
    accepted: turn.accepted || prompted >= 0,
    status: withRetry(status, answers),
    ...inOrder(answers, parts, order),
    pending: new Map(pending.map((item) => [item.request.id, item])),
    unstored: Math.max(0, unstored),
  }
}
