/** Folds events into a turn. */
import type { TurnEvent } from "../events/TurnEvent.ts"
import type { MessageId } from "../Identifiers.ts"
import type { MessageInfo, Part } from "../sessions/Message.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { SessionStatus } from "../sessions/Session.ts"
import {
  answers,
  isIntermediate,
  isSummary,
  tellsOfSubagent,
  withAssistant,
  withCompaction,
  withContinuation,
  withPrompt,
  withUser,
} from "./lineage.ts"
import { gapMark, isOutdated, isOutdatedInfo, isStreaming, type Turn } from "./state.ts"

const put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V) => new Map(map).set(key, value)

const without = <K, V>(map: ReadonlyMap<K, V>, key: K) => new Map([...map].filter(([other]) => other !== key))

/** The turn after an event. Events of other turns leave it unchanged. */
export const advance = (turn: Turn, event: TurnEvent): Turn => {
  switch (event._tag) {
    case "SubagentStarted":
      return turn.family.has(event.parentID) ? { ...turn, family: new Set([...turn.family, event.sessionID]) } : turn
    case "StatusChanged":
      return event.sessionID === turn.session ? withStatus(turn, event.status) : turn
    case "SessionFailed":
      return event.sessionID === turn.session && concerns(turn, event.prompts)
        ? { ...turn, error: turn.error ?? event.failure }
        : turn
    case "MessageChanged":
      return event.info.sessionID === turn.session ? withMessage(turn, event.info) : turn
    case "PartChanged":
      return withPart(turn, event.part)
    case "TextDelta": {
      const part = turn.parts.get(event.partID)
      return part !== undefined && isStreaming(part)
        ? { ...turn, parts: put(turn.parts, event.partID, { ...part, text: part.text + event.delta }) }
        : turn
    }
    case "RequestOpened":
      return withRequest(turn, event.pending)
    case "RequestSettled":
      return { ...turn, pending: without(turn.pending, event.requestID) }
    case "Connected":
    case "Heartbeat":
    case "StateDropped":
    case "SessionStale":
    case "SessionDeleted":
      return turn
  }
}

/** An error without prompts concerns whatever is running in the session. */
const concerns = ({ lineage }: Turn, prompts: ReadonlyArray<MessageId> | undefined) =>
  prompts === undefined || prompts.some((prompt) => lineage.prompts.has(prompt))

/** An error that arrived before the agent started on this turn belongs to the previous turn. */
const withStatus = (turn: Turn, status: SessionStatus): Turn => {
  if (status.type !== "busy") return { ...turn, status }
  return { ...turn, accepted: true, status, error: turn.answers.size === 0 ? undefined : turn.error }
}

const isAnswered = ({ answers, parts }: Turn) => {
  const newest = [...answers.values()].at(-1)
  if (newest === undefined) return false
  return !isIntermediate(
    newest,
    [...parts.values()].filter(({ messageID }) => messageID === newest.id),
  )
}

const withMessage = (turn: Turn, info: MessageInfo): Turn => {
  if (info.role === "user") {
    return info.id === turn.prompt
      ? { ...turn, accepted: true, lineage: withPrompt(turn.lineage, info) }
      : { ...turn, lineage: withUser(turn.lineage, info) }
  }
  const lineage = withAssistant(turn.lineage, info, isAnswered(turn))
  const known = turn.answers.get(info.id)
  if (!answers(lineage, info) || isOutdatedInfo(known, info)) return { ...turn, lineage }
  return {
    ...turn,
    lineage,
    accepted: true,
    answers: put(turn.answers, info.id, info),
    // A new answer shows that the turn continued after the error.
    error: known === undefined ? undefined : turn.error,
  }
}

const withPart = (turn: Turn, part: Part): Turn => {
  if (part.type === "compaction" && part.auto === true) {
    return { ...turn, lineage: withCompaction(turn.lineage, part.messageID) }
  }
  if (tellsOfSubagent(part) && turn.lineage.later.has(part.messageID) && turn.answers.size > 0 && !isAnswered(turn)) {
    return { ...turn, lineage: withContinuation(turn.lineage, part.messageID) }
  }
  if (part.type === "step") return turn
  const answer = turn.answers.get(part.messageID)
  if (answer === undefined || isSummary(turn.lineage, answer) || isOutdated(turn.parts.get(part.id), part)) return turn
  return { ...turn, parts: put(turn.parts, part.id, part) }
}

const withRequest = (turn: Turn, pending: PendingRequest): Turn =>
  turn.family.has(pending.request.sessionID)
    ? { ...turn, pending: put(turn.pending, pending.request.id, pending) }
    : turn

/** The turn after events were missed. Text that was streamed meanwhile is not stored until its part is complete. */
export const missed = (turn: Turn): Turn => ({
  ...turn,
  isMissingEvents: true,
  parts: new Map(
    [...turn.parts].map(([id, part]) => [
      id,
      isStreaming(part) && !part.text.endsWith(gapMark) ? { ...part, text: part.text + gapMark } : part,
    ]),
  ),
})
