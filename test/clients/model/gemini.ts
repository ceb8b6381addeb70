/** Google's generateContent: Gemini CLI. */
import type { Conversation, Step } from "./script.ts"
import { isObject, type Json, objects, plainEvents, string } from "./wire.ts"

export const readGemini = (body: Json): Conversation => {
  const parts = objects(body["contents"])
    .filter(({ role }) => role !== "model")
    .flatMap((content) => objects(content["parts"]))
  return {
    prompts: parts.flatMap(({ text }) => (typeof text === "string" ? [text] : [])),
    results: parts.flatMap(({ functionResponse: response }) =>
      isObject(response)
        ? [{ id: string(response["id"]) || string(response["name"]), text: JSON.stringify(response["response"]) }]
        : [],
    ),
    tools: objects(body["tools"]).flatMap((tool) =>
      objects(tool["functionDeclarations"]).map(({ name }) => string(name)),
    ),
  }
}

export const writeGemini = (step: Step, stream: boolean) => {
  const part =
    step._tag === "Say"
      ? { text: step.text }
      : { functionCall: { id: step.id, name: step.name, args: step.input }, thoughtSignature: "c2NyaXB0ZWQ=" }
  const answer = {
    candidates: [{ index: 0, content: { role: "model", parts: [part] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: "scripted",
  }
  return stream ? plainEvents([answer]) : answer
}
