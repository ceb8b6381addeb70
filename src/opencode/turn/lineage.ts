/**
 * Which messages of a session belong to a turn. Those that answer the prompt do, and so do those that answer what
 * opencode made of it: a later prompt that it merged it with, or the message by which it goes on after it has compacted
 * the conversation in the middle of the turn.
 *
 * A compaction shows as: a user message with a `compaction` part, an assistant message that answers it with the summary,
 * and a user message of opencode's own, whose answers continue the turn (checked on opencode 1.18.33).
 */
import type { MessageId } from "../Identifiers.ts"
import type { AssistantInfo, UserInfo } from "../sessions/Message.ts"

export interface Lineage {
  /** The messages whose answers are the turn's, the prompt first. */
  readonly prompts: ReadonlySet<MessageId>
  /** When opencode stored the prompt, in epoch milliseconds: it tells of older messages again, too. */
  readonly since: number | undefined
  /** User messages that reached the session after the prompt and are not the turn's. */
  readonly later: ReadonlySet<MessageId>
  /** The one of somebody else that the agent went on to answer: opencode answers only the newest. */
  readonly overtaken: MessageId | undefined
  /** Whether the prompt itself asks for a summary, so that this is the answer. */
  readonly wantsSummary: boolean
  /** The message that asks for a summary, from then on until opencode goes on. */
  readonly compacting: MessageId | undefined
  /** When the summary was finished, in epoch milliseconds: the next user message is the one by which opencode goes on. */
  readonly summarised: number | undefined
}

export const beginLineage = (prompt: MessageId): Lineage => ({
  prompts: new Set([prompt]),
  since: undefined,
  wantsSummary: false,
  later: new Set(),
  overtaken: undefined,
  compacting: undefined,
  summarised: undefined,
})

const including = <A>(set: ReadonlySet<A>, value: A) => new Set(set).add(value)

const excluding = <A>(set: ReadonlySet<A>, value: A) => new Set([...set].filter((other) => other !== value))

/** After the prompt itself. */
export const withPrompt = (lineage: Lineage, { time }: UserInfo, wantsSummary = lineage.wantsSummary): Lineage => ({
  ...lineage,
  since: time.created,
  wantsSummary,
})

/** After another user message. */
export const withUser = (lineage: Lineage, { id, time }: UserInfo): Lineage => {
  if (lineage.since === undefined || time.created < lineage.since) return lineage
  const goesOn = lineage.summarised !== undefined && time.created >= lineage.summarised
  if (goesOn) {
    return {
      ...lineage,
      prompts: including(lineage.prompts, id),
      later: excluding(lineage.later, id),
      compacting: undefined,
      summarised: undefined,
    }
  }
  return lineage.prompts.has(id) || lineage.later.has(id) || lineage.compacting === id
    ? lineage
    : { ...lineage, later: including(lineage.later, id) }
}

/** After it has shown that a later user message is opencode's own request for a summary. */
export const withCompaction = (lineage: Lineage, id: MessageId): Lineage =>
  lineage.later.has(id) && (lineage.overtaken === undefined || lineage.prompts.has(lineage.overtaken))
    ? { ...lineage, later: excluding(lineage.later, id), compacting: id, summarised: undefined }
    : lineage

/**
 * Whether the message is a summary in the middle of the turn. After a compaction that was aborted opencode makes up for
 * it before it answers the next prompt, and that summary says that it answers the prompt.
 */
export const isSummary = (lineage: Lineage, { parentID, summary }: AssistantInfo): boolean =>
  parentID === lineage.compacting || (summary === true && !lineage.wantsSummary && lineage.prompts.has(parentID))

/** After an assistant message. `answered` tells whether the turn has answers already. */
export const withAssistant = (lineage: Lineage, info: AssistantInfo, answered: boolean): Lineage => {
  const { parentID, time } = info
  if (isSummary(lineage, info)) {
    return { ...lineage, compacting: parentID, summarised: time.completed ?? lineage.summarised }
  }
  if (!lineage.later.has(parentID)) return lineage
  return answered
    ? { ...lineage, overtaken: parentID }
    : {
        ...lineage,
        prompts: including(lineage.prompts, parentID),
        later: excluding(lineage.later, parentID),
        overtaken: parentID,
      }
}

/** Whether the message answers the turn. A summary does not, unless the turn ended with it. */
export const answers = (lineage: Lineage, info: AssistantInfo): boolean =>
  isSummary(lineage, info) ? info.error !== undefined : lineage.prompts.has(info.parentID)
