/** JSON-RPC messages as frameworks write them. */
import { isObject, parseJson } from "./json.ts"

/** Members of a message are never nested deeper than this. What is deeper stays as it is. */
const maxDepth = 12

/** PHP writes an empty object as `[]`. */
const objects = new Set(["params", "_meta", "arguments", "capabilities", "clientInfo", "result"])

/** Some frameworks pass a model's arguments on as the JSON text that the model wrote. */
const tolerantArguments = (args: unknown): unknown => {
  if (typeof args !== "string") return args
  if (args.trim() === "") return {}
  const parsed = parseJson(args)
  return isObject(parsed) ? parsed : args
}

const tolerantMember = (key: string, member: unknown, depth: number): unknown => {
  if (Array.isArray(member) && member.length === 0 && objects.has(key)) return {}
  // What is in a tool's arguments belongs to the tool, which may distinguish null from absent.
  return key === "arguments" ? tolerantArguments(member) : tolerantValue(member, depth)
}

const tolerantValue = (value: unknown, depth: number): unknown =>
  isObject(value) && depth <= maxDepth ? tolerant(value, depth) : value

/** A progress token that JavaScript has rounded is left out, because a call without progress is better than none. */
const isUnusable = (key: string, member: unknown): boolean =>
  member === null || (key === "progressToken" && typeof member === "number" && !Number.isSafeInteger(member))

/** The message as the specification wants it: null is absent, and an empty list that stands for an object is one. */
export const tolerant = (message: { readonly [x: string]: unknown }, depth = 0): { readonly [x: string]: unknown } =>
  Object.fromEntries(
    Object.entries(message).flatMap(([key, member]) =>
      isUnusable(key, member) ? [] : [[key, tolerantMember(key, member, depth + 1)]],
    ),
  )

/** `initialize` must name the client's capabilities, even if there are none. */
export const withCapabilities = (method: string, params: unknown): unknown =>
  method === "initialize" && isObject(params) ? { capabilities: {}, ...params } : params
