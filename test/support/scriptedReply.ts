/** The answers of the scripted model: the table of {@link ScriptedModel} as rules. */
import { Schema } from "effect"

/** The title that a session without one gets after its first turn. */
export const scriptedTitle = "Scripted session"

/** The model's summary of a compacted session. */
export const scriptedSummary = "Scripted summary"

/** The part of a chat completion request that decides the answer. */
export const ChatRequest = Schema.Struct({
  /** Absent in opencode 2's requests for a title. */
  tools: Schema.optional(Schema.Array(Schema.Struct({ function: Schema.Struct({ name: Schema.String }) }))),
  messages: Schema.Array(
    Schema.Struct({
      role: Schema.String,
      content: Schema.optional(
        Schema.NullOr(
          Schema.Union([
            Schema.String,
            Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) })),
          ]),
        ),
      ),
    }),
  ),
})
type Message = (typeof ChatRequest.Type)["messages"][number]

export type Reply =
  | { readonly _tag: "Text"; readonly chunks: ReadonlyArray<string> }
  | {
      readonly _tag: "Slow"
      readonly chunks: ReadonlyArray<string>
      /** Milliseconds before each. */
      readonly pause: number
    }
  | { readonly _tag: "Hang" }
  | {
      readonly _tag: "ToolCall"
      readonly name: string
      readonly input: unknown
      /** Text before it, a chunk each 100 ms. */
      readonly chunks?: ReadonlyArray<string>
    }
  | { readonly _tag: "ToolCalls"; readonly calls: ReadonlyArray<Extract<Reply, { _tag: "ToolCall" }>> }
  | { readonly _tag: "Failure"; readonly status: number; readonly retryAfter?: number }
  | { readonly _tag: "TooLong" }

const textOf = ({ content }: Message) =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n")

const words = (text: string) => text.match(/\s*\S+\s*?/g) ?? [text]

const commands: ReadonlyArray<readonly [RegExp, (argument: string) => Reply]> = [
  [/^say:([\s\S]*)$/, (text) => ({ _tag: "Text", chunks: [text] })],
  [/^run:\s*([\s\S]+)$/, (command) => bash(command)],
  [/^in:\s*(\S+\s*\|[\s\S]+)$/, (argument) => bashIn(argument)],
  [/^write:\s*(\S+)$/, (file) => ({ _tag: "ToolCall", name: "write", input: written(file) })],
  [/^edit:\s*(\S+\s*\|[\s\S]+\|[\s\S]*)$/, (argument) => ({ _tag: "ToolCall", name: "edit", input: edited(argument) })],
  [/^later:\s*([\s\S]+)$/, (command) => ({ ...bash(command), input: { ...bash(command).input, background: true } })],
  [/^tell:\s*([\s\S]+\|[\s\S]+)$/, (argument) => told(argument)],
  [
    /^both:\s*([\s\S]+)$/,
    (all) => ({ _tag: "ToolCalls", calls: all.split(";").map((command) => bash(command.trim())) }),
  ],
  [/^ask:\s*([\s\S]+)$/, (argument) => ({ _tag: "ToolCall", name: "question", input: question(argument) })],
  [/^choose:\s*([\s\S]+)$/, (argument) => ({ _tag: "ToolCall", name: "question", input: question(argument, true) })],
  [/^slow:\s*(\d+(?: +\d+)?)/, (argument) => slow(argument.split(/ +/).map(Number))],
  [/^hang:/, () => ({ _tag: "Hang" })],
  [/^fail:\s*([45]\d\d(?:\s+\d+)?)/, (argument) => failing(argument.split(/\s+/).map(Number))],
  [/^task:\s*([\s\S]+)$/, (prompt) => ({ _tag: "ToolCall", name: "task", input: subtask(prompt) })],
]

const bash = (command: string, chunks: ReadonlyArray<string> = []) =>
  ({ _tag: "ToolCall", name: "bash", input: { command, description: "Runs it" }, chunks }) as const

const bashIn = (argument: string): Reply => {
  const [workdir = "", ...rest] = argument.split("|").map((part) => part.trim())
  const call = bash(rest.join(" | "))
  return { ...call, input: { ...call.input, workdir } }
}

/** opencode 1 reads `filePath`, opencode 2 `path`. */
const written = (file: string) => ({ filePath: file, path: file, content: "written" })

const edited = (argument: string) => {
  const [file = "", before = "", after = ""] = argument.split("|", 3).map((part) => part.trim())
  return { filePath: file, path: file, oldString: before, newString: after }
}

const told = (argument: string): Reply => {
  const [text = "", command = ""] = argument.split("|", 2).map((part) => part.trim())
  return bash(command, words(text))
}

const subtask = (prompt: string) => ({ description: "Delegates it", prompt, subagent_type: "general" })

const failing = ([status = 500, retryAfter]: ReadonlyArray<number>): Reply => ({
  _tag: "Failure",
  status,
  ...(retryAfter === undefined ? {} : { retryAfter }),
})

const slow = ([count = 1, pause = 100]: ReadonlyArray<number>): Reply => ({
  _tag: "Slow",
  chunks: ticks(Math.min(count, 600)),
  pause,
})

const ticks = (count: number) => Array.from({ length: count }, (_, index) => `tick ${index + 1} `)

const question = (argument: string, multiple?: true) => {
  const [text = "", ...labels] = argument.split("|").map((part) => part.trim())
  const options = (labels.length === 0 ? ["Yes", "No"] : labels).map((label) => ({ label, description: label }))
  return {
    questions: [{ question: text, header: "Scripted", options, ...(multiple === undefined ? {} : { multiple }) }],
  }
}

const maxToolOutput = 2000

/** The request in which opencode 2 asks for a summary. */
const summaryRequest = "You MUST summarize the conversation above"

/** opencode 2 rejects a summary without these headings. */
const headings = [
  "Objective",
  "Requirements",
  "Decisions",
  "Work State",
  "Next Move",
  "Relevant Files",
  "Important Context",
]

const summary2 = headings.map((heading) => `## ${heading}\n${scriptedSummary}`).join("\n")

/** In opencode 2, a compacted conversation begins with this, followed by the summary and the newest messages. */
const checkpoint = "<conversation-checkpoint>"

/** What opencode 2 puts before the prompt of a subagent. */
const subagentLine = /^You are a subagent spawned by another session\.\n/

/** Two tools have other names in opencode 2. */
const inOpencode2 = (reply: Reply): Reply => {
  switch (reply._tag) {
    case "ToolCalls":
      return { ...reply, calls: reply.calls.map((call) => ({ ...call, ...renamed(call) })) }
    case "ToolCall":
      return { ...reply, ...renamed(reply) }
    default:
      return reply
  }
}

const renamed = ({ input, name }: Extract<Reply, { _tag: "ToolCall" }>) => {
  if (name === "bash") return { name: "shell", input }
  if (name !== "task") return { name, input }
  const { subagent_type: agent, ...rest } = input as ReturnType<typeof subtask>
  return { name: "subagent", input: { ...rest, agent } }
}

const isRequestOf = (agent: string, messages: ReadonlyArray<Message>) =>
  messages.some((message) => message.role === "system" && textOf(message).includes(agent))

/** opencode replaces the conversation before a summary with this text. */
const isCompacted = (messages: ReadonlyArray<Message>) =>
  messages.some((message) => message.role === "assistant" && textOf(message).includes(scriptedSummary))

/** The answer to a tool's result: the next of several steps, or the end. */
const proceed = (prompt: string, results: ReadonlyArray<Message>): Reply => {
  const steps = /^steps:([\s\S]+)$/.exec(prompt)?.[1]?.split(";") ?? []
  const next = steps[results.length]
  const output = results.map(textOf).at(-1) ?? ""
  return next === undefined
    ? { _tag: "Text", chunks: words(`Done: ${output.slice(0, maxToolOutput)}`) }
    : bash(next.trim())
}

const bigMessage = /^big:\s*(\d+)\s+/

export const decide = ({ messages, tools = [] }: typeof ChatRequest.Type): Reply =>
  tools.some((tool) => tool.function.name === "shell")
    ? inOpencode2(reply(messages))
    : reply(messages, tools.length > 0)

const reply = (messages: ReadonlyArray<Message>, hasTools = true): Reply => {
  const prompted = messages.findLastIndex(({ role }) => role === "user")
  const last = messages[prompted]
  if (last === undefined) return { _tag: "Failure", status: 400 }
  if (isRequestOf("You are a title generator", messages)) return { _tag: "Text", chunks: [scriptedTitle] }
  if (isRequestOf("You are a context summarization agent", messages)) return { _tag: "Text", chunks: [scriptedSummary] }
  if (textOf(last).startsWith(summaryRequest)) return { _tag: "Text", chunks: [summary2] }
  if (!hasTools) return { _tag: "Text", chunks: [scriptedTitle] }
  if (textOf(last).startsWith(checkpoint)) {
    return { _tag: "Text", chunks: words(textOf(last).includes("overflow:") ? "Fits now" : "Continued") }
  }
  const text = textOf(last).trim().replace(subagentLine, "").replace(bigMessage, "")
  const results = messages.slice(prompted).filter(({ role }) => role === "tool")
  if (results.length > 0 || text.startsWith("steps:")) return proceed(text, results)
  if (text.startsWith("overflow:")) {
    return isCompacted(messages) ? { _tag: "Text", chunks: words("Fits now") } : { _tag: "TooLong" }
  }
  for (const [pattern, answer] of commands) {
    const match = pattern.exec(text)
    if (match !== null) return answer(match[1] ?? "")
  }
  return { _tag: "Text", chunks: words(`Echo: ${text}`) }
}

/** The number of input tokens that the model reports. */
export const tokensRead = (messages: ReadonlyArray<Message>) => {
  const last = messages.at(-1)
  return last?.role === "user" ? Number(bigMessage.exec(textOf(last).trim())?.[1] ?? 10) : 10
}
