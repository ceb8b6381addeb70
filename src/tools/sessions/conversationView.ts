/** Builds the view of a message: printable text only, each part clipped to a useful length. */
import { clip } from "../../text/clip.ts"
import type { AssistantInfo, Message, Part, ToolState } from "../../opencode/sessions/Message.ts"
import { line, plainLine, plainText } from "../../text/plainText.ts"
import { renderMessage } from "./renderConversation.ts"
import { newestWithin } from "../shared/markdown.ts"
import { iso } from "../shared/time.ts"
import type { MessageView, PartView } from "./conversationSchemas.ts"

/** Maximum lengths in characters. Text of people and agents gets the most room, output of tools the least. */
const maxLength = { text: 4000, reasoning: 500, input: 400, output: 1000, line: 300 } as const

/** How to read a text that was cut. */
export const readMessage = (id: string, offset = 0): string =>
  `get_session with message_id ${id}${offset === 0 ? "" : ` and offset ${offset}`}`

export const inputText = (input: ToolState["input"], length: number, rest = ""): string =>
  clip(plainText(JSON.stringify(input)), length, rest)

const outputText = (state: ToolState): string => {
  switch (state.status) {
    case "completed":
      return plainText(state.output)
    case "error":
      return plainText(state.error)
    default:
      return ""
  }
}

const textField = (text: string): Pick<PartView, "text"> => (text === "" ? {} : { text })

/** A part in full. */
const wholePart = (part: Part): ReadonlyArray<PartView> => {
  switch (part.type) {
    case "text":
      // opencode adds synthetic text to a prompt for the model only.
      return part.synthetic === true || part.text === "" ? [] : [{ kind: "text", text: plainText(part.text) }]
    case "reasoning":
      return part.text === "" ? [] : [{ kind: "reasoning", text: plainText(part.text) }]
    case "tool": {
      const input = plainText(JSON.stringify(part.state.input))
      const output = textField(outputText(part.state))
      return [{ kind: "tool", tool: line(part.tool), state: part.state.status, input, ...output }]
    }
    case "file":
      return [{ kind: "file", text: plainLine(part.filename ?? part.mime) }]
    case "patch":
      return [{ kind: "changes", text: plainLine(part.files.join(", ")) }]
    case "subtask":
      return [{ kind: "subtask", text: plainLine(`${part.agent}: ${part.description}`) }]
    case "compaction":
      return [{ kind: "compaction" }]
    case "note":
      return [{ kind: "note", text: plainLine(part.text) }]
    case "step":
      return []
  }
}

/** The parts of a message in full. */
export const wholeParts = ({ parts }: Pick<Message, "parts">): ReadonlyArray<PartView> => parts.flatMap(wholePart)

const lengthOf = (kind: PartView["kind"]): number => {
  switch (kind) {
    case "text":
    case "reasoning":
      return maxLength[kind]
    case "tool":
    case "note":
      return maxLength.output
    default:
      return maxLength.line
  }
}

/** Clips each text. A mark says at which character of the message it continues. */
const clippedParts = (id: string, parts: ReadonlyArray<PartView>): ReadonlyArray<PartView> => {
  let position = 0
  const clipped = (text: string, length: number) => {
    const start = position
    position += text.length
    return clip(text, length, (kept) => readMessage(id, start + kept))
  }
  return parts.map(({ input, text, ...part }) => ({
    ...part,
    ...(input === undefined ? {} : { input: clipped(input, maxLength.input) }),
    ...(text === undefined ? {} : { text: clipped(text, lengthOf(part.kind)) }),
  }))
}

const answerFacts = (info: AssistantInfo) => ({
  ...(info.model === undefined ? {} : { model: line(info.model) }),
  ...(info.error === undefined ? {} : { error: line(info.error.message, maxLength.output) }),
  ...(info.tokens === undefined ? {} : { input_tokens: info.tokens.input, output_tokens: info.tokens.output }),
  ...(info.cost === undefined ? {} : { cost: info.cost }),
})

/** A message with these parts. */
export const messageWith = ({ info }: Pick<Message, "info">, parts: ReadonlyArray<PartView>): MessageView => ({
  message_id: info.id,
  role: info.role,
  created: iso(info.time.created),
  completed: info.role === "user" || info.time.completed !== undefined,
  ...(info.agent === undefined ? {} : { agent: line(info.agent) }),
  parts,
  ...(info.role === "assistant" ? answerFacts(info) : {}),
})

/** The length of a message in the longer of its two forms. */
export const messageSize = (view: MessageView): number =>
  Math.max(renderMessage(view).length + 2, JSON.stringify(view).length + 1)

/** A message of at most `size` characters: of a longer one, only the newest parts. */
export const messageView = (message: Message, size: number): MessageView => {
  const view = messageWith(message, clippedParts(message.info.id, wholeParts(message)))
  if (messageSize(view) <= size) return view
  const { parts } = view
  const shortened = (kept: number): MessageView => ({
    ...view,
    parts: [
      {
        kind: "text",
        text: `[${parts.length - kept} earlier parts of this message are not shown: ${readMessage(view.message_id)}]`,
      },
      ...parts.slice(parts.length - kept),
    ],
  })
  const room = size - messageSize(shortened(0))
  const size1 = (part: PartView) => messageSize({ ...view, parts: [part] }) - messageSize({ ...view, parts: [] }) + 2
  return shortened(newestWithin(parts, size1, room))
}
