/** What a caller may call. */
import type { Tool } from "effect/ai"
import type { Caller } from "../access/Gate.ts"
import { isObject } from "../wire/json.ts"

/** The scopes of a Toolkit's tools. */
export interface AccessRules {
  readonly scopeOf: (tool: Tool.Any) => string
  /** Callers without this scope are shown no forms: a form can decide what its tool may not. */
  readonly formScope: string
}

/** The scope of each tool. Without rules, no tool has one. */
export const scopesOf = (
  rules: AccessRules | undefined,
  tools: Readonly<Record<string, Tool.Any>>,
): ReadonlyMap<string, string> =>
  new Map(rules === undefined ? [] : Object.entries(tools).map(([name, tool]) => [name, rules.scopeOf(tool)]))

const has = (scopes: ReadonlyMap<string, string>, caller: Caller, tool: string) => {
  const scope = scopes.get(tool)
  return scope === undefined || caller.scopes.has(scope)
}

/** Whether the caller is shown the tool. With OAuth, a caller can get a further scope when a call needs it. */
export const isOffered =
  (scopes: ReadonlyMap<string, string>, caller: Caller) =>
  (tool: string): boolean =>
    caller.stepsUp || has(scopes, caller, tool)

/** Whether the server may call the tool for the caller, which is undefined only without a gate. */
export const mayCall = (scopes: ReadonlyMap<string, string>, caller: Caller | undefined, tool: string): boolean =>
  caller === undefined || has(scopes, caller, tool)

export const mayAsk = (rules: AccessRules | undefined, caller: Caller | undefined): boolean =>
  rules === undefined || caller === undefined || caller.scopes.has(rules.formScope)

export interface CallOfTool {
  readonly id: string | number
  readonly tool: string
}

const messagesIn = (body: unknown): ReadonlyArray<unknown> => (Array.isArray(body) ? body : [body])

/** The calls of tools in a body. Checks no more than it needs: the SDK refuses what is no valid request. */
export const callsIn = (body: unknown): ReadonlyArray<CallOfTool> =>
  messagesIn(body).flatMap((message) => {
    if (!isObject(message) || message["method"] !== "tools/call") return []
    const { id, params } = message
    const tool = isObject(params) ? params["name"] : undefined
    return typeof tool === "string" && (typeof id === "string" || typeof id === "number") ? [{ id, tool }] : []
  })

/** The first scope that the caller needs for these calls and does not have. */
export const missingScope = (
  scopes: ReadonlyMap<string, string>,
  caller: Caller,
  calls: ReadonlyArray<CallOfTool>,
): string | undefined => scopes.get(calls.find(({ tool }) => !has(scopes, caller, tool))?.tool ?? "")

/** Whether a body replies to a form. A session can be used with several tokens of one caller, of which only some may decide. */
export const repliesToForm = (body: unknown): boolean =>
  messagesIn(body).some((message) => isObject(message) && isObject(message["result"]) && "action" in message["result"])
