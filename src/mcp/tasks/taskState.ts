/** What is known of a task, and how that changes. */
import type { CallToolResult, InputRequest } from "@modelcontextprotocol/server"
import type { TaskView } from "./taskWire.ts"

export interface TaskState {
  readonly createdAt: number
  readonly updatedAt: number
  readonly message: string | undefined
  /** The open questions, by key. */
  readonly questions: ReadonlyMap<string, InputRequest>
  readonly end:
    | { readonly _tag: "Completed"; readonly result: CallToolResult }
    | { readonly _tag: "Cancelled" }
    | undefined
}

export const begin = (createdAt: number): TaskState => ({
  createdAt,
  updatedAt: createdAt,
  message: undefined,
  questions: new Map(),
  end: undefined,
})

export type TaskChange =
  | { readonly _tag: "Progress"; readonly message: string }
  | { readonly _tag: "Asked"; readonly key: string; readonly request: InputRequest }
  /** The person has answered, or the question was settled elsewhere. */
  | { readonly _tag: "Settled"; readonly key: string }
  | { readonly _tag: "Completed"; readonly result: CallToolResult }
  | { readonly _tag: "Cancelled"; readonly message: string }

/** Nothing changes a task that has ended. */
export const change = (state: TaskState, event: TaskChange, now: number): TaskState => {
  if (state.end !== undefined) return state
  const changed = { ...state, updatedAt: now }
  switch (event._tag) {
    case "Progress":
      return { ...changed, message: event.message }
    case "Asked":
      return { ...changed, questions: new Map(state.questions).set(event.key, event.request) }
    case "Settled":
      return { ...changed, questions: new Map([...state.questions].filter(([key]) => key !== event.key)) }
    case "Completed":
      return { ...changed, questions: new Map(), end: { _tag: "Completed", result: event.result } }
    case "Cancelled":
      return { ...changed, questions: new Map(), message: event.message, end: { _tag: "Cancelled" } }
  }
}

export const hasNews = ({ end, questions }: TaskState): boolean => end !== undefined || questions.size > 0

const iso = (time: number) => new Date(time).toISOString()

/** Milliseconds. A task that is already old may be noticed later. */
const pollInterval = { shortest: 1000, longest: 5000, share: 1 / 20 }

const pollIntervalMs = (age: number): number =>
  Math.round(Math.min(pollInterval.longest, Math.max(pollInterval.shortest, age * pollInterval.share)))

export const view = (taskId: string, state: TaskState, now: number): TaskView => {
  const { createdAt, end, message, questions, updatedAt } = state
  const metadata = {
    taskId,
    ...(message === undefined || end?._tag === "Completed" ? {} : { statusMessage: message }),
    createdAt: iso(createdAt),
    lastUpdatedAt: iso(updatedAt),
    // Answered as long as the work can be looked up.
    ttlMs: null,
    pollIntervalMs: pollIntervalMs(now - createdAt),
  }
  if (end?._tag === "Completed") return { ...metadata, status: "completed", result: end.result }
  if (end !== undefined) return { ...metadata, status: "cancelled" }
  return questions.size > 0
    ? { ...metadata, status: "input_required", inputRequests: Object.fromEntries(questions) }
    : { ...metadata, status: "working" }
}
