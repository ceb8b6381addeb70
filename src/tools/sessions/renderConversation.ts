/** Renders the answer of get_session as Markdown. */
import type { ConversationView, MessageView, PartView } from "./conversationSchemas.ts"
import { block, code, paragraphs } from "../shared/markdown.ts"
import { elapsed } from "../shared/time.ts"
import { messageCount, statusText } from "./renderSessions.ts"

const renderPart = (view: PartView): string => {
  const { text = "" } = view
  switch (view.kind) {
    case "text":
      return block(text)
    case "reasoning":
      return `Thinking:\n${block(text)}`
    case "tool":
      return [
        `Tool ${code(view.tool ?? "")}: **${view.state ?? ""}**${view.input === undefined ? "" : ` ${code(view.input)}`}`,
        ...(text === "" ? [] : [block(text)]),
      ].join("\n")
    case "file":
      return `File ${code(text)}`
    case "changes":
      return `Changed files: ${code(text)}`
    case "subtask":
      return `Subtask ${code(text)}`
    case "compaction":
      return "(earlier messages were compacted)"
    case "request":
      return `Waiting for a person:\n${block(text)}`
    case "note":
      return `Note by opencode: ${code(text)}`
  }
}

const head = (message: MessageView): string =>
  [
    `### ${message.role === "user" ? "User" : "Assistant"} · ${message.created}`,
    message.agent === undefined ? "" : `agent ${code(message.agent)}`,
    message.model === undefined ? "" : code(message.model),
    message.input_tokens === undefined ? "" : `${message.input_tokens} tokens in, ${message.output_tokens ?? 0} out`,
    message.cost === undefined || message.cost === 0 ? "" : `$${message.cost.toFixed(4)}`,
    message.completed ? "" : "not completed",
    code(message.message_id),
  ]
    .filter((fact) => fact !== "")
    .join(" · ")

export const renderMessage = (message: MessageView): string =>
  paragraphs(
    head(message),
    ...message.parts.map(renderPart),
    message.error === undefined ? "" : `**Error:** ${code(message.error)}`,
  )

export const renderConversation = ({
  as_of,
  before,
  instance,
  message_length,
  messages,
  more_count = 0,
  next = "",
  offset = 0,
  session,
  unreadable,
}: ConversationView): string =>
  paragraphs(
    `Session ${code(session.title)} · ${code(session.session_id)} on ${code(instance)} · ${statusText(session)} · ${messageCount(session)} · directory ${code(session.directory)} · updated ${elapsed(as_of, session.updated)}`,
    session.undone_from_message_id === undefined
      ? ""
      : `Everything from message ${code(session.undone_from_message_id)} on is undone; the next message sent removes it.`,
    before === undefined ? "" : `Older messages: get_session with before ${code(before)}`,
    message_length === undefined || offset + more_count === 0 || offset >= message_length
      ? ""
      : `Characters ${(offset + 1).toLocaleString("en")} to ${(message_length - more_count).toLocaleString("en")} of ${message_length.toLocaleString("en")}.`,
    unreadable ?? "",
    ...messages.map(renderMessage),
    messages.length === 0 && unreadable === undefined ? "No messages yet." : "",
    before === undefined ? next : "",
  )
