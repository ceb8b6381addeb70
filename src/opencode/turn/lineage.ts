/**
 * The lineage of a turn: which messages of its session belong to it. These are the answers to its prompt, to a later prompt
 * that opencode merged with it, and to the message with which opencode continues after it compacted the conversation.
 *
 * A compaction consists of three messages: a user message with a `compaction` part, an assistant message with the summary,
 * and a user message by opencode whose answers continue the turn (checked on opencode 1.18.33).
 */
import type { MessageId } from "../Identifiers.ts"
import type { AssistantInfo, Part, UserInfo } from "../sessions/Message.ts"

export interface Lineage {
  /** The user messages whose answers belong to the turn, the prompt first. */
  readonly prompts: ReadonlySet<MessageId>
  /** When opencode stored the prompt, in epoch milliseconds. Older messages, which events can report, are ignored. */
  readonly since: number | undefined
  /** User messages after the prompt that do not belong to the turn. */
  readonly later: ReadonlySet<MessageId>
  /** The later message that the agent answered, because opencode answers only the newest. */
  readonly overtaken: MessageId | undefined
  /** Whether the prompt itself requests a summary, which is then its answer. */
  readonly wantsSummary: boolean
  /** The message that requests a summary, until opencode continues the turn. */
  readonly compacting: MessageId | undefined
  /** When the summary was finished, in epoch milliseconds. The next user message continues the turn. */
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

/** Adds the prompt itself. */
export const withPrompt = (lineage: Lineage, { time }: UserInfo, wantsSummary = lineage.wantsSummary): Lineage => ({
  ...lineage,
  since: time.created,
  wantsSummary,
})

/** Adds another user message. */
export const withUser = (lineage: Lineage, { id, time }: UserInfo): Lineage => {
  if (lineage.since === undefined || time.created < lineage.since) return lineage
  const continues = lineage.summarised !== undefined && time.created >= lineage.summarised
  if (continues) {
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

/** What opencode 1 tells the agent when the subagent of a slash command has ended. */
const subagentEnded = "Summarize the task tool output above and continue with your task."

export const tellsOfSubagent = (part: Part): boolean =>
  part.type === "text" && part.synthetic === true && part.text === subagentEnded

/** Adds a message with which opencode itself continues the turn. */
export const withContinuation = (lineage: Lineage, id: MessageId): Lineage => ({
  ...lineage,
  prompts: including(lineage.prompts, id),
  later: excluding(lineage.later, id),
  overtaken: lineage.overtaken === id ? undefined : lineage.overtaken,
})

/** Marks a later user message as opencode's own request for a summary. */
export const withCompaction = (lineage: Lineage, id: MessageId): Lineage =>
  lineage.later.has(id) && (lineage.overtaken === undefined || lineage.prompts.has(lineage.overtaken))
    ? { ...lineage, later: excluding(lineage.later, id), compacting: id, summarised: undefined }
    : lineage

/**
 * Whether the message is a summary made during the turn. If a compaction was aborted, opencode repeats it before it answers
 * the next prompt, and that summary has the prompt as its parent.
 */
export const isSummary = (lineage: Lineage, { parentID, summary }: AssistantInfo): boolean =>
  parentID === lineage.compacting || (summary === true && !lineage.wantsSummary && lineage.prompts.has(parentID))

/**
 * Whether opencode asks the model again after this step. If another message has arrived meanwhile, such as a plugin's note,
 * that next step is stored as the answer to it, and belongs to both.
 */
export const isIntermediate = ({ error, finish, time }: AssistantInfo, parts: Iterable<Part>): boolean =>
  finish === "tool-calls" &&
  time.completed !== undefined &&
  error === undefined &&
  ![...parts].some((part) => part.type === "tool" && part.state.status === "error")

/** Adds an assistant message. `answered`: the turn has an answer after which opencode may be done with it. */
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

/** Whether the message is an answer of the turn. A summary is one only if it failed, which ends the turn. */
export const answers = (lineage: Lineage, info: AssistantInfo): boolean =>
  isSummary(lineage, info) ? info.error !== undefined : lineage.prompts.has(info.parentID)
