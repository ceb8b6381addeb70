/** Builds the view of a message: printable text only, each part clipped to a useful length. */
import type { AssistantInfo, Message, Part, ToolState } from "../../opencode/sessions/Message.ts"
import { clip, line, plainText } from "../../text/plainText.ts"
import { renderPart } from "./renderConversation.ts"
import { newestWithin } from "../shared/markdown.ts"
import { iso } from "../shared/time.ts"
import type { MessageView, PartView } from "./conversationSchemas.ts"

/** Maximum lengths in characters. Text of people and agents gets the most room, output of tools the least. */
const maxLength = { text: 4000, reasoning: 500, input: 400, output: 1000, message: 18_000 } as const

export const inputText = (input: ToolState["input"], length: number = maxLength.input): string =>
  clip(plainText(JSON.stringify(input)), length)

const textField = (text: string): Pick<PartView, "text"> => (text === "" ? {} : { text })

const outputText = (state: ToolState): string => {
  switch (state.status) {
    case "completed":
      return clip(plainText(state.output), maxLength.output)
    case "error":
      return clip(plainText(state.error), maxLength.output)
    default:
      return ""
  }
}

const partView = (part: Part): ReadonlyArray<PartView> => {
  switch (part.type) {
    case "text":
      // opencode adds synthetic text to a prompt for the model only.
      return part.synthetic === true || part.text === ""
        ? []
        : [{ kind: "text", text: clip(plainText(part.text), maxLength.text) }]
    case "reasoning":
      return part.text === "" ? [] : [{ kind: "reasoning", text: clip(plainText(part.text), maxLength.reasoning) }]
    case "tool":
      return [
        {
          kind: "tool",
          tool: line(part.tool),
          state: part.state.status,
          input: inputText(part.state.input),
          ...textField(outputText(part.state)),
        },
      ]
    case "file":
      return [{ kind: "file", text: line(part.filename ?? part.mime) }]
    case "patch":
      return [{ kind: "changes", text: line(part.files.join(", ")) }]
    case "subtask":
      return [{ kind: "subtask", text: line(`${part.agent}: ${part.description}`) }]
    case "compaction":
      return [{ kind: "compaction" }]
    case "note":
      return [{ kind: "note", text: line(part.text, maxLength.output) }]
    case "step":
      return []
  }
}

const answerFacts = (info: AssistantInfo) => ({
  ...(info.model === undefined ? {} : { model: line(info.model) }),
  ...(info.error === undefined ? {} : { error: line(info.error.message, maxLength.output) }),
  ...(info.tokens === undefined ? {} : { input_tokens: info.tokens.input, output_tokens: info.tokens.output }),
  ...(info.cost === undefined ? {} : { cost: info.cost }),
})

/** Keeps the newest parts only, because a message with hundreds of tool calls can exceed an answer. */
const bounded = (parts: ReadonlyArray<PartView>): ReadonlyArray<PartView> => {
  const kept = newestWithin(parts, (part) => renderPart(part).length + 2, maxLength.message)
  return kept === parts.length
    ? parts
    : [
        { kind: "text", text: `[${parts.length - kept} earlier parts of this message are not shown]` },
        ...parts.slice(parts.length - kept),
      ]
}

export const messageView = ({ info, parts }: Message): MessageView => ({
  message_id: info.id,
  role: info.role,
  created: iso(info.time.created),
  completed: info.role === "user" || info.time.completed !== undefined,
  ...(info.agent === undefined ? {} : { agent: line(info.agent) }),
  parts: bounded(parts.flatMap(partView)),
  ...(info.role === "assistant" ? answerFacts(info) : {}),
})
