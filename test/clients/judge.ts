/** Reads from a recording what a client did, and compares it with what was expected. */
import type { ClientCase, Form } from "./ClientCase.ts"
import { isObject, objects, string } from "./model/wire.ts"
import type { Exchange, Recording } from "./record/Recording.ts"

export interface Facts {
  readonly protocol: string
  readonly tools: number
  /** Tools that were called and answered without an error. */
  readonly calls: ReadonlyArray<string>
  /** The outcome of the last turn. */
  readonly outcome: string
  /** The last answer, in its two forms. */
  readonly last: ReadonlyArray<string>
  /** What the client sent back for each form. */
  readonly replies: ReadonlyArray<string>
  /** Which half of an answer the client's model was given, or that it was cut. */
  readonly given: string
  /** What it was not told to do next, although the answer said so. */
  readonly lost: ReadonlyArray<string>
}

const metaVersion = "io.modelcontextprotocol/protocolVersion"

const protocolOf = ({ exchanges }: Recording) => {
  for (const { method, params, result } of exchanges.toReversed()) {
    const meta = params["_meta"]
    if (method === "initialize") return string(result?.["protocolVersion"])
    if (method === "tools/list" && isObject(meta) && meta[metaVersion] !== undefined) return string(meta[metaVersion])
  }
  return ""
}

/** The outcome of a call that went on as a task is the answer of a later request. */
export const withOutcome = (call: Exchange, exchanges: ReadonlyArray<Exchange>): Exchange => {
  if (call.result?.["resultType"] !== "task") return call
  const { taskId } = call.result
  const ended = exchanges.find(
    ({ method, params, result }) =>
      method === "tasks/get" && params["taskId"] === taskId && result?.["status"] === "completed",
  )
  const outcome = ended?.result?.["result"]
  return { ...call, result: isObject(outcome) ? outcome : undefined }
}

const isForm = ({ method }: Exchange) => method === "elicitation/create"

/** In revision 2026-07-28, a form is a result, and its reply comes with the repeated call. */
const replyIn = ({ params }: Exchange): ReadonlyArray<unknown> =>
  isObject(params["inputResponses"]) ? Object.values(params["inputResponses"]) : []

const replyText = (reply: unknown) => {
  if (!isObject(reply)) return ""
  const content = isObject(reply["content"]) ? Object.values(reply["content"]).flat() : []
  return [string(reply["action"]), ...content.map(String)].join(" ")
}

const textIn = (result: Exchange["result"]) =>
  objects(result?.["content"])
    .map((part) => string(part["text"]))
    .join("\n")

/** Letters and digits alone, because clients escape, indent and frame what they pass on. */
const bare = (text: string) => text.replaceAll(/\\+[nrt]/gu, "").replaceAll(/[^\p{L}\p{N}]/gu, "")

const givenOf = (calls: ReadonlyArray<Exchange>, results: ReadonlyMap<string, string>) => {
  const given = [...results].filter(([id]) => !id.includes("search")).map(([, text]) => bare(text))
  if (given.length === 0 || calls.length === 0) return ""
  const kinds = calls.map(({ params, result }) => {
    const text = bare(textIn(result))
    const structured = bare(JSON.stringify(result?.["structuredContent"] ?? {}))
    const hasText = given.some((each) => each.includes(text))
    const hasStructured = structured !== "" && given.some((each) => each.includes(structured))
    return hasText && hasStructured
      ? "both"
      : hasText
        ? "text"
        : hasStructured
          ? "structured"
          : `CUT ${string(params["name"])} (${textIn(result).length} + ${JSON.stringify(result?.["structuredContent"] ?? {}).length} characters)`
  })
  return [...new Set(kinds)].join(", ")
}

/** What cut answers said to do next, and the client did not pass on to its model. */
const lostOf = (calls: ReadonlyArray<Exchange>, results: ReadonlyMap<string, string>) => {
  const given = [...results.values()].map(bare)
  const nexts = calls.flatMap(({ result }) => {
    const view = result?.["structuredContent"]
    return isObject(view) ? [string(view["next"])] : []
  })
  return nexts.filter((next) => !given.some((text) => text.includes(bare(next))))
}

export const factsOf = (recording: Recording, results: ReadonlyMap<string, string>): Facts => {
  const { exchanges } = recording
  const lists = exchanges.filter(({ method }) => method === "tools/list")
  const answered = exchanges
    .filter(({ method }) => method === "tools/call")
    .map((call) => withOutcome(call, exchanges))
    .filter(({ result }) => Array.isArray(result?.["content"]) && result?.["resultType"] !== "input_required")
  const good = answered.filter(({ result }) => result?.["isError"] !== true)
  const given = givenOf(good, results)
  const result = good.at(-1)?.result
  const last = result?.["structuredContent"]
  return {
    protocol: protocolOf(recording),
    tools: Math.max(0, ...lists.map(({ result }) => objects(result?.["tools"]).length)),
    calls: good.map(({ params }) => string(params["name"])),
    outcome: isObject(last) ? string(last["outcome"]) : "",
    last: [textIn(result), JSON.stringify(last ?? {})],
    replies: [
      ...exchanges.filter(isForm).map(({ result }) => replyText(result)),
      ...exchanges.flatMap(replyIn).map(replyText),
    ],
    given,
    lost: given.includes("CUT") ? lostOf(good, results) : [],
  }
}

const isCallOf =
  (tool: string) =>
  ({ method, params }: Exchange) =>
    method === "tools/call" && params["name"] === tool

const expectedOutcome: Readonly<Record<Form, string>> = {
  none: "needs permission",
  declined: "needs permission",
  accepted: "completed",
}

export const problemsOf = (
  { calls, cutsAnswers = false, form, listsTools = true, neverCalls, outcome, says }: ClientCase,
  facts: Facts,
  recording: Recording,
): ReadonlyArray<string> => {
  const missing = calls.filter((tool) => !facts.calls.includes(tool))
  const replied = facts.replies.map((reply) => reply.split(" ")[0])
  const expected = outcome ?? expectedOutcome[form]
  const isAsExpected =
    form === "none"
      ? replied.length === 0
      : form === "declined"
        ? replied.every((action) => action === "decline" || action === "cancel") && replied.length > 0
        : replied.includes("accept")
  return [
    ...(facts.protocol === "" ? ["did not connect"] : []),
    ...(listsTools && facts.tools === 0 ? ["listed no tools"] : []),
    ...(missing.length > 0 ? [`no answer to ${missing.join(", ")}`] : []),
    ...(calls.includes("send_message") && missing.length === 0 && facts.outcome !== expected
      ? [`outcome ${facts.outcome || "unknown"}, not ${expected}`]
      : []),
    ...(neverCalls !== undefined && recording.exchanges.some(isCallOf(neverCalls))
      ? [`${neverCalls} was called, and no person had allowed it`]
      : []),
    ...(says === undefined ? [] : facts.last.filter((form) => !says.test(form))).map(
      (form) => `the last answer does not say ${String(says)}: ${form.slice(0, 500)}`,
    ),
    ...(calls.includes("send_message") && !isAsExpected
      ? [`form: expected ${form}, got ${replied.join(", ") || "none"}`]
      : []),
    ...(facts.given.includes("CUT") && !cutsAnswers ? [`its model was given: ${facts.given}`] : []),
    ...facts.lost.map((next) => `its model was not given: ${next}`),
    ...recording.oddities,
  ]
}
