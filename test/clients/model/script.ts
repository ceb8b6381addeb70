/**
 * The stand-in for a client's language model: it calls the tools that the prompts name, one after the other, and then says
 * END. A prompt is `CALL <tool> <arguments> CALL … END`. It is independent of the provider's wire format.
 */

/** What a request tells of the conversation. */
export interface Conversation {
  /** Texts of the user, oldest first. */
  readonly prompts: ReadonlyArray<string>
  /** Results of tools, oldest first, with the id of the call. */
  readonly results: ReadonlyArray<{ readonly id: string; readonly text: string }>
  /** What the client told its model unasked, such as the outcome of a task. */
  readonly notifications?: ReadonlyArray<string>
  /** Names of the offered tools. */
  readonly tools: ReadonlyArray<string>
}

export type Step =
  | { readonly _tag: "Say"; readonly text: string }
  | { readonly _tag: "Call"; readonly id: string; readonly name: string; readonly input: unknown }

export interface PlannedCall {
  readonly tool: string
  readonly input: object
}

export const promptOf = (calls: ReadonlyArray<PlannedCall>) =>
  `${calls.map(({ input, tool }) => `CALL ${tool} ${JSON.stringify(input)}`).join(" ")} END`

const planned = (prompt: string): ReadonlyArray<PlannedCall> =>
  [...prompt.matchAll(/CALL (\w+) (\{.*?\}) (?=CALL |END)/gsu)].flatMap(([, tool = "", input = "{}"]) => {
    try {
      return [{ tool, input: JSON.parse(input) as object }]
    } catch {
      return []
    }
  })

/** Tools behind which a client hides those of MCP servers until the model has searched for them. */
const searches: ReadonlySet<string> = new Set(["ToolSearch", "tool_search"])

const searchPrefix = "search_"

/** Clients put the server's name before a tool's. */
const offered = (tools: ReadonlyArray<string>, tool: string) =>
  tools.find((name) => name === tool || (name.endsWith(tool) && /[^a-z]$/iu.test(name.slice(0, -tool.length))))

export const nextStep = ({ prompts, results, tools }: Conversation): Step => {
  const calls = prompts.flatMap(planned)
  const done = results.filter(({ id }) => !id.includes(searchPrefix)).length
  const next = calls[done]
  if (next === undefined || tools.length === 0) return { _tag: "Say", text: "END" }
  const id = `call_${done}`
  const name = offered(tools, next.tool)
  if (name !== undefined) return { _tag: "Call", id, name, input: next.input }
  const search = tools.find((each) => searches.has(each))
  const full = `mcp__opencode-fleet__${next.tool}`
  const hasSearched = results.some((result) => result.id.includes(`${searchPrefix}${done}`))
  return search === undefined || hasSearched
    ? { _tag: "Call", id, name: full, input: next.input }
    : {
        _tag: "Call",
        id: `call_${searchPrefix}${done}`,
        name: search,
        input: { query: `select:${full}`, max_results: 5, limit: 5 },
      }
}
