/** A message of opencode as a tool's answer shows it: without what may not be shown, and no longer than it is useful. */
import type { AssistantInfo, Message, Part, ToolState } from "../opencode/Message.ts"
import { plainLine, plainText } from "../PlainText.ts"
import { clip } from "./render/markdown.ts"
import { iso } from "./render/time.ts"
import type { MessageView, PartView } from "./SessionTools.ts"

/** Characters of each. What people and agents write is read most, what tools put out least. */
const longest = { text: 4000, reasoning: 500, input: 400, output: 1000, line: 300 } as const

export const inputText = (input: ToolState["input"], length: number = longest.input): string =>
  clip(plainText(JSON.stringify(input)), length)

const outputText = (state: ToolState): string => {
  switch (state.status) {
    case "completed":
      return clip(plainText(state.output), longest.output)
    case "error":
      return clip(plainText(state.error), longest.output)
    default:
      return ""
  }
}

const partView = (part: Part): ReadonlyArray<PartView> => {
  switch (part.type) {
    case "text":
      // What opencode adds to a prompt for the model's eyes only.
      return part.synthetic === true ? [] : [{ kind: "text", text: clip(plainText(part.text), longest.text) }]
    case "reasoning":
      return part.text === "" ? [] : [{ kind: "reasoning", text: clip(plainText(part.text), longest.reasoning) }]
    case "tool":
      return [
        {
          kind: "tool",
          tool: plainLine(part.tool),
          state: part.state.status,
          input: inputText(part.state.input),
          text: outputText(part.state),
        },
      ]
    case "file":
      return [{ kind: "file", text: clip(plainLine(part.filename ?? part.mime), longest.line) }]
    case "patch":
      return [{ kind: "changes", text: clip(plainLine(part.files.join(", ")), longest.line) }]
    case "subtask":
      return [{ kind: "subtask", text: clip(plainLine(`${part.agent}: ${part.description}`), longest.line) }]
    case "compaction":
      return [{ kind: "compaction", text: "" }]
    case "unrecognised":
      return []
  }
}

const answerFacts = (info: AssistantInfo) => ({
  ...(info.providerID === undefined || info.modelID === undefined
    ? {}
    : { model: plainLine(`${info.providerID}/${info.modelID}`) }),
  ...(info.error === undefined
    ? {}
    : { error: clip(plainLine(info.error.data?.message ?? info.error.name), longest.output) }),
  ...(info.tokens === undefined ? {} : { input_tokens: info.tokens.input, output_tokens: info.tokens.output }),
  ...(info.cost === undefined ? {} : { cost: info.cost }),
})

export const messageView = ({ info, parts }: Message): MessageView => ({
  id: info.id,
  role: info.role,
  created: iso(info.time.created),
  completed: info.role === "user" || info.time.completed !== undefined,
  ...(info.agent === undefined ? {} : { agent: plainLine(info.agent) }),
  parts: parts.flatMap(partView),
  ...(info.role === "assistant" ? answerFacts(info) : {}),
})
