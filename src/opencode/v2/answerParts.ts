/**
 * The parts of messages. opencode 2 gives ids only to tool calls. The other parts are counted by kind, which yields the same
 * ids in events and in stored messages.
 */
import { isUnrecognised } from "../http/tolerantArray.ts"
import { unknownPart, unknownText } from "../http/unknownPart.ts"
import type { MessageId } from "../Identifiers.ts"
import { reportOf } from "../http/toolReport.ts"
import type {
  Part,
  PartTime,
  PatchPart,
  ReasoningPart,
  TextPart,
  ToolInput,
  ToolPart,
  ToolState,
} from "../sessions/Message.ts"
import type { WireAssistant, WireContent, WireToolState } from "./wire/WireMessage.ts"

interface Block {
  readonly messageID: MessageId
  readonly type: "text" | "reasoning"
  /** Counted by type. */
  readonly ordinal: number
  readonly text: string
  /** Epoch milliseconds; no `end` while the text is streaming. */
  readonly time: { readonly start: number; readonly end?: number }
}

export const blockId = ({ messageID, ordinal, type }: Omit<Block, "text" | "time">) => `${messageID}:${type}:${ordinal}`

export const blockPart = ({ ordinal, ...block }: Block): TextPart | ReasoningPart => ({
  id: blockId({ ...block, ordinal }),
  ...block,
})

export const toolPart = (messageID: MessageId, callID: string, tool: string, state: ToolState): ToolPart => ({
  type: "tool",
  id: `${messageID}:tool:${callID}`,
  messageID,
  tool,
  callID,
  state,
})

/** The files that a step has changed. opencode's paths are relative to the root of the working tree. */
export const patchPart = (messageID: MessageId, files: ReadonlyArray<string>, worktree: string): PatchPart => ({
  type: "patch",
  id: `${messageID}:patch`,
  messageID,
  files: files.map((file) => (file.startsWith("/") ? file : `${worktree}/${file}`)),
})

/** The field of the tool's state; absent if it is unknown. */
type ToolTime = { readonly time?: PartTime }

type Completed = Extract<WireToolState, { readonly status: "completed" }>

const outputText = (item: Completed["content"][number]) => {
  if (isUnrecognised(item)) return `[${unknownText(item)}]`
  return item.type === "text" ? item.text : ""
}

const toolOutput = (content: Completed["content"]) => content.map(outputText).join("")

export const completedTool = (
  input: ToolInput,
  content: Completed["content"],
  metadata: Completed["metadata"],
  time: ToolTime,
): ToolState => ({
  status: "completed",
  input,
  output: toolOutput(content),
  ...reportOf(metadata),
  ...time,
  ...(metadata?.status === "running" ? { background: true } : {}),
})

/** The time of a tool that has ended now. */
export const endedTime = (before: ToolState, now: number): ToolTime =>
  before.status === "pending" || before.time === undefined ? {} : { time: { start: before.time.start, end: now } }

type WireTool = Extract<WireContent, { readonly type: "tool" }>

/** When the tool began and ended; the model has written its input before. */
const toolTime = ({ time }: WireTool): ToolTime => {
  const { completed, ran } = time ?? {}
  return ran === undefined ? {} : { time: { start: ran, ...(completed === undefined ? {} : { end: completed }) } }
}

const toolState = (tool: WireTool): ToolState => {
  const { state } = tool
  switch (state.status) {
    case "streaming":
      return { status: "pending", input: {} }
    case "running":
      return { ...state, ...toolTime(tool) }
    case "completed":
      return completedTool(state.input, state.content, state.metadata, toolTime(tool))
    case "error":
      return { status: "error", input: state.input, error: state.error.message, ...toolTime(tool) }
  }
}

/** The parts of a stored answer. Streaming text is stored as empty text. */
export const answerParts = (answer: WireAssistant, worktree: string): ReadonlyArray<Part> => {
  const { id: messageID, snapshot, time } = answer
  const ordinals = { text: 0, reasoning: 0 }
  const partOf = (content: WireContent): Part => {
    if (content.type === "tool") return toolPart(messageID, content.id, content.name, toolState(content))
    const { text, type } = content
    const hasEnded = text !== "" || time.completed !== undefined
    return blockPart({
      messageID,
      type,
      ordinal: ordinals[type]++,
      text,
      time: { start: time.created, ...(hasEnded ? { end: time.completed ?? time.created } : {}) },
    })
  }
  const files = snapshot?.files ?? []
  return [
    { type: "step", id: `${messageID}:step`, messageID, snapshot: snapshot?.start !== undefined },
    ...answer.content.map((item, index) => (isUnrecognised(item) ? unknownPart(messageID, item, index) : partOf(item))),
    ...(files.length === 0 ? [] : [patchPart(messageID, files, worktree)]),
  ]
}
