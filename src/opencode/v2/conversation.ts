/**
 * Converts a session's entries to the domain's messages. opencode 2 stores no parents: an answer belongs to the prompt before
 * it, and the idle marker after it shows how it ended.
 */
import type { MessageId, SessionId } from "../Identifiers.ts"
import { recognised } from "../http/tolerantArray.ts"
import type { AssistantInfo, Message, Part } from "../sessions/Message.ts"
import { answerParts, blockPart } from "./answerParts.ts"
import { isRefusal, refusalText, type RefusedSteps, rejectedCall, withReason } from "./refusals.ts"
import { failureOf, type WireAssistant, type WireEntry, type WireIdle, type WireUser } from "./wire/WireMessage.ts"
import { joinModel } from "./wire/WireModel.ts"

/** Context that the entries of a page do not contain. */
export interface PageContext {
  readonly session: SessionId
  /** The prompt before the first entry; undefined at the beginning of the session. */
  readonly prompt: MessageId | undefined
  /** The entry after the last one, if it is an idle marker. */
  readonly idle: WireIdle | undefined
  /** The root of the working tree. */
  readonly worktree: string
  readonly refused: RefusedSteps
}

export const isReason = (entry: WireEntry): boolean =>
  entry.type === "user" && rejectedCall(entry.metadata) !== undefined

export const isPrompt = (entry: WireEntry): entry is WireUser => entry.type === "user" && !isReason(entry)

/** opencode stores a reason only if it made a step fail. */
const unknownReason = "opencode has not stored the reason"

const userMessage = (session: SessionId, { files = [], id, text, time }: WireUser): Message => ({
  info: { id, sessionID: session, role: "user", time },
  parts: [
    blockPart({ messageID: id, type: "text", ordinal: 0, text, time: { start: time.created, end: time.created } }),
    ...recognised(files).map(({ mime, name }, index): Part => ({
      type: "file",
      id: `${id}:file:${index}`,
      messageID: id,
      mime,
      ...(name === undefined ? {} : { filename: name }),
    })),
  ],
})

/** How an answer ended. Without `time.completed` it is unfinished, or the server was stopped during it. */
const ending = (
  answer: WireAssistant,
  idle: WireIdle | undefined,
  refused: boolean,
): Pick<AssistantInfo, "time" | "finish" | "error"> => {
  const { error, finish, time } = answer
  const completed = { created: time.created, completed: time.completed ?? idle?.time.created ?? time.created }
  if (error?.type === "aborted") {
    if (refused) return { time: completed, finish: "tool-calls" }
    return idle === undefined ? { time: { created: time.created } } : { time: completed, error: failureOf(error) }
  }
  if (error !== undefined) return { time: completed, finish: "error", error: failureOf(error) }
  if (idle?.outcome === "failed") return { time: completed, error: { kind: "failed", message: unknownReason } }
  if (idle?.outcome === "interrupted" && finish === "tool-calls") {
    return { time: completed, error: { kind: "aborted", message: "Interrupted" } }
  }
  if (time.completed === undefined && idle === undefined) return { time: { created: time.created } }
  return { time: completed, ...(finish === undefined ? {} : { finish }) }
}

const isRefusedAnswer = ({ content, id }: WireAssistant, refused: RefusedSteps) =>
  refused.has(id) ||
  recognised(content).some(
    (item) => item.type === "tool" && item.state.status === "error" && isRefusal(item.state.error.message),
  )

/** In a step that this process refused, opencode reports the refusal as an interruption. */
const asRefused = (part: Part): Part =>
  part.type === "tool" && part.state.status === "error"
    ? { ...part, state: { ...part.state, error: refusalText } }
    : part

const answerMessage = (
  { refused, session, worktree }: PageContext,
  answer: WireAssistant,
  parentID: MessageId,
  idle: WireIdle | undefined,
): Message => {
  const { agent, cost, id, model, tokens } = answer
  const parts = answerParts(answer, worktree)
  return {
    info: {
      id,
      sessionID: session,
      role: "assistant",
      parentID,
      agent,
      model: joinModel(model),
      ...(cost === undefined ? {} : { cost }),
      ...(tokens === undefined ? {} : { tokens }),
      ...ending(answer, idle, isRefusedAnswer(answer, refused)),
    },
    parts: refused.has(id) ? parts.map(asRefused) : parts,
  }
}

/** Stands for the answer to a prompt that was never answered, because the turn ended before its first step. */
const unanswered = (session: SessionId, prompt: MessageId, { id, outcome, time }: WireIdle): Message => ({
  info: {
    id,
    sessionID: session,
    role: "assistant",
    parentID: prompt,
    time: { created: time.created, completed: time.created },
    error:
      outcome === "failed"
        ? { kind: "failed", message: unknownReason }
        : { kind: "aborted", message: "Interrupted before the first step" },
  },
  parts: [],
})

/** Adds the reason of a refusal to the tool call that was refused. */
const explained = (messages: ReadonlyArray<Message>, call: string, reason: string): Array<Message> =>
  messages.map((message) => ({
    ...message,
    parts: message.parts.map((part): Part =>
      part.type === "tool" && part.callID === call && part.state.status === "error"
        ? { ...part, state: { ...part.state, error: withReason(part.state.error, reason) } }
        : part,
    ),
  }))

/** The messages of consecutive entries. Both are oldest first. */
export const conversation = (entries: ReadonlyArray<WireEntry>, context: PageContext): ReadonlyArray<Message> => {
  const { session } = context
  let messages: Array<Message> = []
  let { prompt } = context
  for (const [index, entry] of entries.entries()) {
    const next = entries.slice(index + 1).find((other) => !isReason(other)) ?? context.idle
    const idle = next?.type === "idle" ? next : undefined
    if (entry.type === "assistant") {
      messages.push(answerMessage(context, entry, prompt ?? entry.id, idle))
    } else if (entry.type === "user") {
      const call = rejectedCall(entry.metadata)
      if (call === undefined) {
        prompt = entry.id
        messages.push(userMessage(session, entry))
        if (idle !== undefined && idle.outcome !== "succeeded") messages.push(unanswered(session, prompt, idle))
      } else messages = explained(messages, call, entry.text)
    }
  }
  return messages
}
