/** OpenAI's chat completions: Copilot, Qwen, Cline, Continue, opencode. */
import type { Conversation, Step } from "./script.ts"
import { isObject, type Json, objects, plainEvents, string, textOf } from "./wire.ts"

export const readChat = (body: Json): Conversation => {
  const messages = objects(body["messages"])
  return {
    prompts: messages.filter(({ role }) => role === "user").map(({ content }) => textOf(content)),
    results: messages
      .filter(({ role }) => role === "tool")
      .map(({ content, tool_call_id: id }) => ({ id: string(id), text: textOf(content) })),
    tools: objects(body["tools"]).map((tool) => (isObject(tool["function"]) ? string(tool["function"]["name"]) : "")),
  }
}

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

export const writeChat = (step: Step, stream: boolean) => {
  const message =
    step._tag === "Say"
      ? { role: "assistant", content: step.text }
      : {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              index: 0,
              id: step.id,
              type: "function",
              function: { name: step.name, arguments: JSON.stringify(step.input) },
            },
          ],
        }
  const finish = step._tag === "Say" ? "stop" : "tool_calls"
  const base = { id: "chatcmpl-1", created: 1, model: "scripted" }
  if (!stream) {
    const choice = { index: 0, message, finish_reason: finish }
    return { ...base, object: "chat.completion", choices: [choice], usage }
  }
  const chunk = (delta: object, reason: string | null) => ({
    ...base,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: reason }],
  })
  const last = { ...chunk({}, finish), usage }
  return plainEvents([chunk(message, null), last, "[DONE]"])
}
