/** The turn after a look at what opencode has stored about its session. */
import type { Message, Part } from "../sessions/Message.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { SessionStatus } from "../sessions/Session.ts"
import {
  answers as belongs,
  isSummary,
  type Lineage,
  withAssistant,
  withCompaction,
  withPrompt,
  withUser,
} from "./lineage.ts"
import { hole, isLate, isReopened, isStreaming, type Turn } from "./state.ts"

/** What opencode has stored about the session, read at one moment. */
export interface Stored {
  readonly status: SessionStatus
  /** Back to the prompt, oldest first. */
  readonly messages: ReadonlyArray<Message>
  /** Of the session and its subagents. */
  readonly pending: ReadonlyArray<PendingRequest>
}

/** Whether opencode itself asks for a summary by it. */
export const isAutoCompaction = ({ info, parts }: Message): boolean =>
  info.role === "user" && parts.some((part) => part.type === "compaction" && part.auto === true)

const isCompaction = ({ parts }: Message) => parts.some(({ type }) => type === "compaction")

const lineageOf = (turn: Turn, messages: ReadonlyArray<Message>): Lineage => {
  let lineage = turn.lineage
  let answered = turn.answers.size > 0
  for (const message of messages) {
    const { info } = message
    if (info.role === "user") {
      lineage = info.id === turn.prompt ? withPrompt(lineage, info, isCompaction(message)) : withUser(lineage, info)
      if (isAutoCompaction(message)) lineage = withCompaction(lineage, info.id)
    } else {
      lineage = withAssistant(lineage, info, answered)
      answered ||= belongs(lineage, info)
    }
  }
  return lineage
}

const heard = (text: string) => text.replaceAll(hole, "").length

/** As opencode has them: what was missed came before what was heard since. */
const inOrder = (answers: Turn["answers"], parts: Turn["parts"], stored: ReadonlyArray<string>) => {
  const messages = [...answers.values()].sort((one, other) => one.time.created - other.time.created)
  const rank = new Map(messages.map(({ id }, index) => [id, index]))
  const place = new Map(stored.map((id, index) => [id, index]))
  const at = ([id, part]: readonly [string, Part]) => ({
    message: rank.get(part.messageID) ?? 0,
    part: place.get(id) ?? stored.length,
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

/** Text that is still streaming exists only in events, so what was heard of it is kept. */
export const reconcile = (turn: Turn, { messages, pending, status }: Stored): Turn => {
  const prompted = messages.findIndex(({ info }) => info.id === turn.prompt)
  const lineage = prompted < 0 && !turn.taken ? turn.lineage : lineageOf(turn, messages.slice(Math.max(0, prompted)))
  const answers = new Map(turn.answers)
  const parts = new Map(turn.parts)
  const order: Array<string> = []
  let unstored = 0
  for (const { info, parts: found } of messages) {
    if (info.role !== "assistant" || !belongs(lineage, info)) continue
    if (!isReopened(answers.get(info.id), info)) answers.set(info.id, info)
    for (const part of found) {
      if (part.type === "step" || isSummary(lineage, info)) continue
      order.push(part.id)
      const known = parts.get(part.id)
      if (isLate(known, part)) continue
      const open = isStreaming(part) && info.time.completed === undefined
      if (open && known !== undefined && isStreaming(known)) unstored += heard(known.text) - part.text.length
      else parts.set(part.id, open && part.text === "" ? { ...part, text: hole } : part)
    }
  }
  return {
    ...turn,
    lost: false,
    lineage,
    family: new Set([...turn.family, ...pending.map(({ request }) => request.sessionID)]),
    taken: turn.taken || prompted >= 0,
    status,
    ...inOrder(answers, parts, order),
    pending: new Map(pending.map((item) => [item.request.id, item])),
    unstored: Math.max(0, unstored),
  }
}
