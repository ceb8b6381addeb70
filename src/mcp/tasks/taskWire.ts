/** Tasks as the extension writes them (SEP-2663). Loaded before the first answer, so it must not load Effect. */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequest,
  type ServerContext,
} from "@modelcontextprotocol/server"
import { isObject } from "../wire/json.ts"

export const extension = "io.modelcontextprotocol/tasks"

/** Whether a client with these capabilities follows tasks. */
export const followsTasks = (capabilities: unknown): boolean => {
  const extensions = isObject(capabilities) ? capabilities["extensions"] : undefined
  return isObject(extensions) && isObject(extensions[extension])
}

/** The same of the client of a request: clients of 2026-07-28 say so in each one. */
export const announcesTasks = ({ mcpReq: { envelope } }: ServerContext): boolean => {
  const { [CLIENT_CAPABILITIES_META_KEY]: capabilities }: Readonly<Record<string, unknown>> = { ...envelope }
  return followsTasks(capabilities)
}

interface Metadata {
  readonly taskId: string
  readonly statusMessage?: string
  readonly createdAt: string
  readonly lastUpdatedAt: string
  readonly ttlMs: number | null
  readonly pollIntervalMs: number
}

export type TaskView = Metadata &
  (
    | { readonly status: "working" | "cancelled" }
    | { readonly status: "input_required"; readonly inputRequests: Readonly<Record<string, InputRequest>> }
    | { readonly status: "completed"; readonly result: CallToolResult }
  )

/** The result of a call that goes on as a task. The SDK asks for the members of a tool's result in it, too. */
export const createTaskResult = (view: TaskView): CallToolResult => {
  const { createdAt, lastUpdatedAt, pollIntervalMs, statusMessage, taskId, ttlMs } = view
  return {
    content: [],
    structuredContent: {},
    resultType: "task",
    taskId,
    // A question and an outcome are in the answers of tasks/get only.
    status: "working",
    ...(statusMessage === undefined ? {} : { statusMessage }),
    createdAt,
    lastUpdatedAt,
    ttlMs,
    pollIntervalMs,
  }
}
