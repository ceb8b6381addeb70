/** Anthropic's messages: Claude Code. */
import type { Conversation, Step } from "./script.ts"
import { type Json, objects, string, textOf, typedEvents } from "./wire.ts"

export const readMessages = (body: Json): Conversation => {
  const parts = objects(body["messages"]).flatMap(({ content, role }) =>
    role !== "user" ? [] : typeof content === "string" ? [{ type: "text", text: content }] : objects(content),
  )
  const texts = parts.flatMap((part) => (part["type"] === "text" ? [string(part["text"])] : []))
  return {
    prompts: texts,
    notifications: texts.filter((text) => text.includes("<task-notification>")),
    results: parts.flatMap((part) =>
      part["type"] === "tool_result" ? [{ id: string(part["tool_use_id"]), text: textOf(part["content"]) }] : [],
    ),
    tools: objects(body["tools"]).map(({ name }) => string(name)),
  }
}

const usage = { input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }

export const writeMessages = (step: Step, stream: boolean) => {
  const isText = step._tag === "Say"
  const reason = isText ? "end_turn" : "tool_use"
  const base = { id: `msg_${crypto.randomUUID()}`, type: "message", role: "assistant", model: "scripted" }
  const block = isText
    ? { type: "text", text: step.text }
    : { type: "tool_use", id: step.id, name: step.name, input: step.input }
  if (!stream) return { ...base, content: [block], stop_reason: reason, stop_sequence: null, usage }
  const start = isText ? { type: "text", text: "" } : { ...block, input: {} }
  const delta = isText
    ? { type: "text_delta", text: step.text }
    : { type: "input_json_delta", partial_json: JSON.stringify(step.input) }
  return typedEvents([
    { type: "message_start", message: { ...base, content: [], stop_reason: null, stop_sequence: null, usage } },
    { type: "content_block_start", index: 0, content_block: start },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage },
    { type: "message_stop" },
  ])
}
