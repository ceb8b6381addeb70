/**
 * Converts a session's entries to the domain's messages. opencode 2 stores no parents: an answer belongs to the prompt before
 * it, and the idle marker after it shows how it ended.
 */
import type { MessageId, SessionId } from "../Identifiers.ts"
import { isUnrecognised } from "../http/tolerantArray.ts"
import { unknownPart } from "../http/unknownPart.ts"
import type { AssistantInfo, Message, NotePart, Part } from "../sessions/Message.ts"
import { answerParts, blockPart } from "./answerParts.ts"
import { ending, failureWithoutStep, isRefusedAnswer, type Sequel } from "./ending.ts"
import { refusalText, type RefusedStep, rejectedCall, withReason } from "./refusals.ts"
import type { WireAssistant, WireCompaction, WireEntry, WireIdle, WireSynthetic, WireUser } from "./wire/WireMessage.ts"
import { joinModel } from "./wire/WireModel.ts"

/** Context that the entries of a page do not contain. */
interface PageContext {
  readonly session: SessionId
  /** The prompt before the first entry; undefined at the beginning of the session. */
  readonly prompt: MessageId | undefined
  /** The entry after the last one, if it is an idle marker. */
  readonly idle: WireIdle | undefined
  /** The root of the working tree. */
  readonly worktree: string
  readonly refused: RefusedStep
}

export const isReason = (entry: WireEntry): boolean =>
  entry.type === "user" && rejectedCall(entry.metadata) !== undefined

export const isPrompt = (entry: WireEntry): entry is WireUser => entry.type === "user" && !isReason(entry)

const isIdle = (entry: WireEntry | undefined) => entry?.type === "idle"

/** The entries that start a turn, answer one, or end one. */
export const isOfTurn = (entry: WireEntry) => isPrompt(entry) || entry.type === "assistant" || entry.type === "idle"

/**
 * Whether the text of opencode starts a turn: when background work ends in an idle session, opencode tells the agent, which
 * answers. `ended`: the entry before the first one is an idle marker.
 */
const startsTurn = (entries: ReadonlyArray<WireEntry>, index: number, ended = false): boolean => {
  if (entries[index]?.type !== "synthetic") return false
  const before = entries.slice(0, index).findLast(isOfTurn)
  const after = entries.slice(index + 1).find(isOfTurn)
  return (before === undefined ? ended : isIdle(before)) && (after === undefined || after.type === "assistant")
}

const userMessage = (session: SessionId, { files = [], id, text, time }: WireUser): Message => ({
  info: { id, sessionID: session, role: "user", time },
  parts: [
    blockPart({ messageID: id, type: "text", ordinal: 0, text, time: { start: time.created, end: time.created } }),
    ...files.map((file, index): Part => {
      if (isUnrecognised(file)) return unknownPart(id, file, index)
      const { mime, name } = file
      return {
        type: "file",
        id: `${id}:file:${index}`,
        messageID: id,
        mime,
        ...(name === undefined ? {} : { filename: name }),
      }
    }),
  ],
})

/** opencode's own description of its text after a restart. */
const afterRestart = "Continuing after restart"

const notePart = ({ description, id, text }: WireSynthetic, messageID: MessageId): NotePart => ({
  type: "note",
  id: `${id}:note`,
  messageID,
  about: description === afterRestart ? "restart" : "other",
  text: description === afterRestart ? description : text,
})

const syntheticPrompt = (session: SessionId, entry: WireSynthetic): Message => ({
  info: { id: entry.id, sessionID: session, role: "user", time: entry.time },
  parts: [notePart(entry, entry.id)],
})

/** A message of its own, which answers no prompt. */
const summaryMessage = (session: SessionId, entry: WireCompaction): Message => {
  const { id, status, time } = entry
  const summary = entry.status === "failed" ? "" : entry.summary
  return {
    info: {
      id,
      sessionID: session,
      role: "assistant",
      parentID: id,
      summary: true,
      time: { created: time.created, ...(status === "running" ? {} : { completed: time.created }) },
      ...(entry.status === "failed" ? { error: { kind: "failed", message: entry.error.message } } : {}),
    },
    parts: [
      { type: "compaction", id: `${id}:compaction`, messageID: id },
      ...(summary === ""
        ? []
        : [
            blockPart({
              messageID: id,
              type: "text",
              ordinal: 0,
              text: summary,
              time: { start: time.created, end: time.created },
            }),
          ]),
    ],
  }
}

/** In a step that one of this fleet's clients refused, opencode reports the refusal as an interruption. */
const asRefused = (part: Part): Part =>
  part.type === "tool" && part.state.status === "error"
    ? { ...part, state: { ...part.state, error: refusalText } }
    : part

const retryOf = ({ retry }: WireAssistant): Pick<AssistantInfo, "retry"> =>
  retry === undefined ? {} : { retry: { attempt: retry.attempt, message: retry.error.message, next: retry.at } }

const answerMessage = (
  { refused, session, worktree }: PageContext,
  answer: WireAssistant,
  parentID: MessageId,
  sequel: Sequel,
  notes: ReadonlyArray<WireSynthetic>,
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
      ...retryOf(answer),
      ...ending(answer, sequel, isRefusedAnswer(answer, refused)),
    },
    parts: [...notes.map((note) => notePart(note, id)), ...(refused.has(id) ? parts.map(asRefused) : parts)],
  }
}

/** Stands for the answer to a prompt that was never answered, because the turn ended before its first step. */
const unanswered = (
  session: SessionId,
  prompt: MessageId,
  { id, outcome, time }: WireIdle,
  sequel: Sequel,
): Message => ({
  info: {
    id,
    sessionID: session,
    role: "assistant",
    parentID: prompt,
    time: { created: time.created, completed: time.created },
    error:
      outcome === "failed"
        ? failureWithoutStep(sequel)
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

/** What follows the entry at `index` in its turn. */
const sequelOf = (entries: ReadonlyArray<WireEntry>, index: number, { idle }: PageContext): Sequel => {
  const length = entries.slice(index + 1).findIndex(isOfTurn)
  const between = length < 0 ? entries.slice(index + 1) : entries.slice(index + 1, index + 1 + length)
  const next = length < 0 ? idle : entries[index + 1 + length]
  const failed = between.findLast((entry) => entry.type === "compaction" && entry.status === "failed")
  return {
    idle: next?.type === "idle" ? next : undefined,
    failure: failed?.type === "compaction" && failed.status === "failed" ? failed.error : undefined,
    continues: next !== undefined && next.type !== "idle",
  }
}

/** The messages of consecutive entries. Both are oldest first. */
export const conversation = (entries: ReadonlyArray<WireEntry>, context: PageContext): ReadonlyArray<Message> => {
  const { session } = context
  let messages: Array<Message> = []
  let { prompt } = context
  let notes: Array<WireSynthetic> = []
  for (const [index, entry] of entries.entries()) {
    switch (entry.type) {
      case "assistant":
        messages.push(answerMessage(context, entry, prompt ?? entry.id, sequelOf(entries, index, context), notes))
        notes = []
        break
      case "synthetic":
        if (startsTurn(entries, index, prompt === undefined)) {
          prompt = entry.id
          messages.push(syntheticPrompt(session, entry))
        } else notes.push(entry)
        break
      case "compaction":
        messages.push(summaryMessage(session, entry))
        break
      case "idle":
        notes = []
        break
      case "user": {
        const call = rejectedCall(entry.metadata)
        if (call !== undefined) messages = explained(messages, call, entry.text)
        else {
          prompt = entry.id
          messages.push(userMessage(session, entry))
          const sequel = sequelOf(entries, index, context)
          const { idle } = sequel
          if (idle !== undefined && idle.outcome !== "succeeded") {
            messages.push(unanswered(session, prompt, idle, sequel))
          }
        }
      }
    }
  }
  return messages
}
