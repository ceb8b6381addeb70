/** OpenAI's responses: Codex. It offers the tools of an MCP server as a namespace. */
import type { Conversation, Step } from "./script.ts"
import { type Json, objects, string, textOf, typedEvents } from "./wire.ts"

const namesOf = (tool: Json): ReadonlyArray<string> =>
  tool["type"] === "namespace"
    ? objects(tool["tools"]).map(({ name }) => `${string(tool["name"])}/${string(name)}`)
    : [string(tool["name"]) || string(tool["type"])]

export const readResponses = (body: Json): Conversation => {
  const input = objects(body["input"])
  return {
    prompts: input.filter(({ role }) => role === "user").map(({ content }) => textOf(content)),
    results: input
      .filter(({ type }) => type === "function_call_output")
      .map(({ call_id: id, output }) => ({ id: string(id), text: textOf(output) })),
    tools: objects(body["tools"]).flatMap(namesOf),
  }
}

const itemOf = (step: Step) => {
  if (step._tag === "Say") {
    const content = [{ type: "output_text", text: step.text, annotations: [] }]
    return { type: "message", id: "msg_1", role: "assistant", status: "completed", content }
  }
  const [name = "", namespace] = step.name.split("/").toReversed()
  return {
    type: "function_call",
    id: `fc_${step.id}`,
    call_id: step.id,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    arguments: JSON.stringify(step.input),
    status: "completed",
  }
}

export const writeResponses = (step: Step) => {
  const item = itemOf(step)
  const response = { id: "resp_1", object: "response", model: "scripted", status: "in_progress", output: [] }
  const usage = {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 15,
  }
  return typedEvents([
    { type: "response.created", response },
    { type: "response.output_item.added", output_index: 0, item },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { ...response, status: "completed", output: [item], usage } },
  ])
}
