/** The outcome of a turn: how it ended, or what it waits for. */
import type { ClientError } from "../errors.ts"
import type { MessageId } from "../Identifiers.ts"
import type { Failure } from "../sessions/Message.ts"
import type { PendingRequest, PermissionRequest, QuestionRequest } from "../requests/PendingRequest.ts"
import { isFinished, toolCalls, type Turn } from "./state.ts"

export type Outcome =
  /**
   * The message is in the server's queue. `parked`: no turn is running, and another prompt, or the same one again, starts
   * it.
   */
  | {
      readonly _tag: "accepted"
      readonly detail: string
      readonly parked: boolean
      /** What the turn before it waits for. */
      readonly waitingFor?: PendingRequest
    }
  | { readonly _tag: "completed"; readonly detail?: string }
  | { readonly _tag: "failed"; readonly detail: string }
  | { readonly _tag: "aborted" }
  | { readonly _tag: "rejected"; readonly detail: string }
  | { readonly _tag: "needs permission"; readonly request: PermissionRequest }
  | { readonly _tag: "needs answer"; readonly request: QuestionRequest }
  | { readonly _tag: "still running"; readonly detail?: string }
  | { readonly _tag: "interrupted"; readonly detail: string }
  /** `error` is set if a request failed; a surface adds its own next step to it. */
  | { readonly _tag: "unreachable"; readonly detail: string; readonly error?: ClientError }

const failureText = ({ message, status }: Failure) => (status === undefined ? message : `${message} (status ${status})`)

const ofFailure = (failure: Failure): Outcome => {
  switch (failure.kind) {
    case "aborted":
      return { _tag: "aborted" }
    case "interrupted":
      return { _tag: "interrupted", detail: failure.message }
    case "failed":
      return { _tag: "failed", detail: failureText(failure) }
  }
}

/**
 * The outcome; undefined while it is undecided.
 *
 * A turn is over when the session is idle **and** the newest answer to the prompt is completed. Neither alone proves it.
 * It is also over when its answer is completed and the agent is already answering a later prompt.
 */
export const outcome = (turn: Turn): Outcome | undefined => {
  // Requests of an idle session do not count, because an abort leaves them behind.
  if (turn.status.type !== "idle" && !isFollowedByAnother(turn)) return waiting(turn)
  // The compaction is not finished; opencode is about to continue the turn.
  if (turn.lineage.compacting !== undefined && newestOf(turn)?.error === undefined) return undefined
  const newest = newestOf(turn)
  if (newest === undefined) return turn.error === undefined ? undefined : ofFailure(turn.error)
  if (newest.time.completed === undefined) return undefined
  if (newest.error !== undefined) return ofFailure(newest.error)
  // Both are absent if the turn was stopped while opencode waited to retry the provider, and after a command of a person.
  if (newest.finish === undefined) return isShellCommand(turn) ? ranByPerson : { _tag: "aborted" }
  if (newest.finish === "tool-calls") return endedEarly(turn)
  return completed(turn, newest.finish)
}

const ranByPerson: Outcome = {
  _tag: "completed",
  detail: "a person ran a command in the session; the agent was not asked to do anything",
}

/** Whether the answer is the result of `!command` in opencode's terminal: tool calls without a model step. */
const isShellCommand = (turn: Turn): boolean => {
  const newest = newestOf(turn)?.id
  const parts = [...turn.parts.values()].filter(({ messageID }) => messageID === newest)
  return parts.length > 0 && parts.every((part) => part.type === "tool" && isFinished(part))
}

/** What the remark says that stands in for the text of the last answer. */
const missingText = (turn: Turn): ReadonlyArray<string> => {
  const newest = newestOf(turn)?.id
  const parts = [...turn.parts.values()].filter(({ messageID }) => messageID === newest)
  if (parts.some((part) => part.type === "text" && part.text.trim() !== "")) return []
  return [
    parts.some((part) => part.type === "reasoning" && part.text.trim() !== "")
      ? "the model ended with reasoning only and wrote no text"
      : "the model ended without writing any text",
  ]
}

const incompleteText = ({ unreadable }: Turn) =>
  `${unreadable === 1 ? "1 stored message" : `${unreadable} stored messages`} could not be read, so the text may be incomplete`

const completed = (turn: Turn, finish: string): Outcome => {
  const { overtaken, prompts } = turn.lineage
  const isRestarted = [...turn.parts.values()].some((part) => part.type === "note" && part.about === "restart")
  const inBackground = toolCalls(turn).filter(({ state }) => state.status === "completed" && state.background === true)
  const facts = [
    ...(finish === "stop" ? [] : [`the model stopped because of "${finish}"`]),
    ...missingText(turn),
    ...(overtaken !== undefined && prompts.has(overtaken)
      ? ["opencode answered it together with a message that arrived after it"]
      : []),
    ...(isRestarted ? ["opencode was restarted during the turn and continued it"] : []),
    ...(inBackground.length === 0
      ? []
      : [
          `it left work in the background (${inBackground.map(({ tool }) => tool).join(", ")}); when that ends, opencode starts a turn of its own`,
        ]),
  ]
  return facts.length === 0 ? { _tag: "completed" } : { _tag: "completed", detail: facts.join("; ") }
}

/** Whether the turn's answer is complete and the agent is answering a later prompt, which was waiting in a queue. */
export const isFollowedByAnother = (turn: Turn): boolean => {
  const { overtaken, prompts } = turn.lineage
  const newest = newestOf(turn)
  return (
    overtaken !== undefined &&
    !prompts.has(overtaken) &&
    newest?.time.completed !== undefined &&
    newest.finish !== "tool-calls"
  )
}

const newestOf = (turn: Turn) => [...turn.answers.values()].at(-1)

const waiting = ({ pending }: Turn): Outcome | undefined => {
  const [first] = pending.values()
  if (first === undefined) return undefined
  return first.kind === "permission"
    ? { _tag: "needs permission", request: first.request }
    : { _tag: "needs answer", request: first.request }
}

/** The outcome of a turn whose last step called tools. */
const endedEarly = (turn: Turn): Outcome => {
  // Between two steps, no message exists yet that could hold the reason.
  if (turn.error !== undefined) return ofFailure(turn.error)
  const newest = newestOf(turn)?.id
  const refused = toolCalls(turn).findLast(({ messageID, state }) => messageID === newest && state.status === "error")
  if (refused?.state.status === "error") return { _tag: "rejected", detail: `${refused.tool}: ${refused.state.error}` }
  return turn.lineage.overtaken === undefined
    ? { _tag: "aborted" }
    : { _tag: "completed", detail: "another message arrived, and the agent answered that one instead" }
}

/** The later message that was answered instead of the prompt or together with it. */
export const answeredInstead = (turn: Turn): MessageId | undefined => {
  const { overtaken, prompts } = turn.lineage
  const finish = newestOf(turn)?.finish
  return overtaken !== undefined && (prompts.has(overtaken) || finish === "tool-calls") ? overtaken : undefined
}

/** The outcome of a turn that goes on when the call stops waiting. */
export const runningOutcome = ({ isMissingEvents, status }: Pick<Turn, "isMissingEvents" | "status">): Outcome => {
  if (isMissingEvents) return { _tag: "still running", detail: "there is no contact with the instance right now" }
  return status.type === "retry"
    ? {
        _tag: "still running",
        detail: `the model's provider failed (attempt ${status.attempt}): ${status.message}; opencode tries again at ${new Date(status.next).toISOString()}`,
      }
    : { _tag: "still running" }
}

/** Whether the session is idle although the turn's newest answer is not complete. */
export const isUnfinished = (turn: Turn): boolean => {
  const newest = newestOf(turn)
  return turn.status.type === "idle" && newest !== undefined && newest.time.completed === undefined
}

/** Whether the session is idle although opencode has stored the prompt and nothing else of the turn. */
export const isUnstarted = ({ answers, error, status, unreadable }: Turn): boolean =>
  status.type === "idle" && error === undefined && unreadable === 0 && answers.size === 0

/** The outcome of a turn that opencode left unfinished: the session is idle, but the answer is not complete. */
export const unfinishedOutcome = (turn: Turn, eventsMissed: boolean): Outcome => {
  // An abort at the start of a summary leaves the summary unfinished.
  if (turn.error !== undefined && (turn.error.kind !== "failed" || !eventsMissed)) return ofFailure(turn.error)
  if (turn.unreadable > 0) {
    return { _tag: "completed", detail: `the session is idle, but ${incompleteText(turn)}` }
  }
  if (turn.answers.size === 0 && !eventsMissed) {
    return {
      _tag: "failed",
      detail:
        "opencode stored the message but never started to answer it. This happens when a message is added to a running turn and that turn is then stopped or rejected",
    }
  }
  const lost = [
    ...(turn.unstored > 0
      ? [`the last ${turn.unstored} characters of the text, which were streamed but not stored`]
      : []),
    ...toolCalls(turn)
      .filter((call) => !isFinished(call))
      .map(({ tool }) => `the result of ${tool}, which was running`),
  ]
  return {
    _tag: "interrupted",
    detail: `the answer was never completed: opencode was killed or restarted, or another opencode of the same user is working on it${
      lost.length === 0 ? "" : `. Lost: ${lost.join("; ")}`
    }`,
  }
}
