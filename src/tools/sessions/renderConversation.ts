/** Renders the answer of get_session as Markdown. */
import { clip } from "../../text/plainText.ts"
import type { ConversationView, MessageView, PartView } from "./conversationSchemas.ts"
import { answerBudget, block, code, paragraphs, unreadableText } from "../shared/markdown.ts"
import { messageCount, statusText } from "./renderSessions.ts"

export const renderPart = (view: PartView): string => {
  switch (view.kind) {
    case "text":
      return view.text === "" ? "" : block(view.text)
    case "reasoning":
      return view.text === "" ? "" : `Thinking:\n${block(view.text)}`
    case "tool":
      return [
        `Tool ${code(view.tool ?? "")}: **${view.state ?? ""}** ${code(view.input ?? "")}`,
        ...(view.text === "" ? [] : [block(view.text)]),
      ].join("\n")
    case "file":
      return `File ${code(view.text)}`
    case "changes":
      return `Changed files: ${code(view.text)}`
    case "subtask":
      return `Subtask ${code(view.text)}`
    case "compaction":
      return "(earlier messages were compacted)"
    case "note":
      return `Note by opencode: ${code(view.text)}`
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
    code(message.id),
  ]
    .filter((fact) => fact !== "")
    .join(" · ")

export const renderMessage = (message: MessageView): string =>
  paragraphs(
    head(message),
    ...message.parts.map(renderPart),
    message.error === undefined ? "" : `**Error:** ${code(message.error)}`,
  )

export const renderConversation = ({ before, instance, messages, session, unreadable }: ConversationView): string =>
  clip(
    paragraphs(
      `Session ${code(session.title)} · ${code(session.id)} on ${code(instance)} · ${statusText(session)} · ${messageCount(session)} · directory ${code(session.directory)} · updated ${session.age}`,
      session.undone_from === undefined
        ? ""
        : `Everything from message ${code(session.undone_from)} on is undone; the next message sent removes it.`,
      before === undefined ? "" : `Older messages: get_session with before ${code(before)}`,
      unreadableText(unreadable, "message"),
      ...messages.map(renderMessage),
      messages.length === 0 ? "No messages yet." : "",
    ),
    answerBudget,
  )
