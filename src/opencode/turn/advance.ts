/** The turn after one more event. */
import type { TurnEvent } from "../events/TurnEvent.ts"
import type { MessageInfo, Part } from "../sessions/Message.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { SessionStatus } from "../sessions/Session.ts"
import { answers, isSummary, withAssistant, withCompaction, withPrompt, withUser } from "./lineage.ts"
import { hole, isLate, isReopened, isStreaming, type Turn } from "./state.ts"

const put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V) => new Map(map).set(key, value)

const without = <K, V>(map: ReadonlyMap<K, V>, key: K) => new Map([...map].filter(([other]) => other !== key))

/** Events of other turns leave it as it is. */
export const advance = (turn: Turn, event: TurnEvent): Turn => {
  switch (event._tag) {
    case "SubagentStarted":
      return turn.family.has(event.parentID) ? { ...turn, family: new Set([...turn.family, event.sessionID]) } : turn
    case "StatusChanged":
      return event.sessionID === turn.session ? withStatus(turn, event.status) : turn
    case "SessionFailed":
      return event.sessionID === turn.session ? { ...turn, error: turn.error ?? event.failure } : turn
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
    case "SessionDeleted":
      return turn
  }
}

/** An error from before the turn began to be worked on is not its own. */
const withStatus = (turn: Turn, status: SessionStatus): Turn => {
  if (status.type !== "busy") return { ...turn, status }
  return { ...turn, taken: true, status, error: turn.answers.size === 0 ? undefined : turn.error }
}

const withMessage = (turn: Turn, info: MessageInfo): Turn => {
  if (info.role === "user") {
    return info.id === turn.prompt
      ? { ...turn, taken: true, lineage: withPrompt(turn.lineage, info) }
      : { ...turn, lineage: withUser(turn.lineage, info) }
  }
  const lineage = withAssistant(turn.lineage, info, turn.answers.size > 0)
  const known = turn.answers.get(info.id)
  if (!answers(lineage, info) || isReopened(known, info)) return { ...turn, lineage }
  return {
    ...turn,
    lineage,
    taken: true,
    answers: put(turn.answers, info.id, info),
    // The turn has gone on after it.
    error: known === undefined ? undefined : turn.error,
  }
}

const withPart = (turn: Turn, part: Part): Turn => {
  if (part.type === "compaction" && part.auto === true) {
    return { ...turn, lineage: withCompaction(turn.lineage, part.messageID) }
  }
  if (part.type === "step") return turn
  const answer = turn.answers.get(part.messageID)
  if (answer === undefined || isSummary(turn.lineage, answer) || isLate(turn.parts.get(part.id), part)) return turn
  return { ...turn, parts: put(turn.parts, part.id, part) }
}

const withRequest = (turn: Turn, pending: PendingRequest): Turn =>
  turn.family.has(pending.request.sessionID)
    ? { ...turn, pending: put(turn.pending, pending.request.id, pending) }
    : turn

/** The turn after events were missed: what streamed in the meantime exists nowhere, until its part is closed. */
export const missed = (turn: Turn): Turn => ({
  ...turn,
  lost: true,
  parts: new Map(
    [...turn.parts].map(([id, part]) => [
      id,
      isStreaming(part) && !part.text.endsWith(hole) ? { ...part, text: part.text + hole } : part,
    ]),
  ),
})
