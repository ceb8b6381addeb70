/** How a turn stands when nothing more will come of it by itself. */
import type { ClientError } from "../errors.ts"
import type { MessageId } from "../Identifiers.ts"
import type { Failure } from "../sessions/Message.ts"
import type { PermissionRequest, QuestionRequest } from "../requests/PendingRequest.ts"
import { isOver, toolCalls, type Turn } from "./state.ts"

export type Outcome =
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

const ofFailure = (failure: Failure): Outcome =>
  failure.kind === "aborted" ? { _tag: "aborted" } : { _tag: "failed", detail: failureText(failure) }

/**
 * The outcome, as far as what is known of the turn decides it.
 *
 * The rules are section 3 of `opencode-api.md`: a turn is over when the session is idle **and** the newest message that
 * answers the prompt is completed. Neither alone proves it.
 */
export const outcome = (turn: Turn): Outcome | undefined => {
  // An abort leaves its requests behind: they count only while somebody works.
  if (turn.status.type !== "idle") return waiting(turn)
  // opencode was about to go on by itself.
  if (turn.lineage.compacting !== undefined && newestOf(turn)?.error === undefined) return undefined
  const newest = newestOf(turn)
  if (newest === undefined) return turn.error === undefined ? undefined : ofFailure(turn.error)
  if (newest.time.completed === undefined) return undefined
  if (newest.error !== undefined) return ofFailure(newest.error)
  // Stopped while opencode waited to try the provider again: the only end that leaves neither.
  if (newest.finish === undefined) return { _tag: "aborted" }
  if (newest.finish === "tool-calls") return endedEarly(turn)
  if (newest.finish !== "stop") return { _tag: "completed", detail: `the model stopped because of "${newest.finish}"` }
  const { overtaken, prompts } = turn.lineage
  return overtaken !== undefined && prompts.has(overtaken)
    ? { _tag: "completed", detail: "opencode answered it together with a message that came right after it" }
    : { _tag: "completed" }
}

const newestOf = (turn: Turn) => [...turn.answers.values()].at(-1)

const waiting = ({ pending }: Turn): Outcome | undefined => {
  const [first] = pending.values()
  if (first === undefined) return undefined
  return first.kind === "permission"
    ? { _tag: "needs permission", request: first.request }
    : { _tag: "needs answer", request: first.request }
}

/** After a step that called tools, with no step behind it. */
const endedEarly = (turn: Turn): Outcome => {
  // Between two steps, the message that would say why it ended does not exist yet.
  if (turn.error !== undefined) return ofFailure(turn.error)
  const newest = newestOf(turn)?.id
  const refused = toolCalls(turn).findLast(({ messageID, state }) => messageID === newest && state.status === "error")
  if (refused?.state.status === "error") return { _tag: "rejected", detail: `${refused.tool}: ${refused.state.error}` }
  return turn.lineage.overtaken === undefined
    ? { _tag: "aborted" }
    : { _tag: "completed", detail: "another message came in between, and the agent went on to answer that one" }
}

/** The later message that was answered instead of the prompt or together with it, if there is one. */
export const answeredInstead = (turn: Turn): MessageId | undefined => {
  const { overtaken, prompts } = turn.lineage
  const finish = newestOf(turn)?.finish
  return overtaken !== undefined && (prompts.has(overtaken) || finish === "tool-calls") ? overtaken : undefined
}

/** What an idle session's turn has come to if opencode stores nothing more about it. */
export const givenUp = (turn: Turn, eventsMissed: boolean): Outcome => {
  // An abort that comes as a summary begins leaves that open for ever.
  if (turn.error?.kind === "aborted") return { _tag: "aborted" }
  if (turn.answers.size === 0 && !eventsMissed) {
    return {
      _tag: "failed",
      detail:
        "opencode has the message and began no answer to it, as when the turn that it was handed to is stopped or rejected",
    }
  }
  const lost = [
    ...(turn.unstored > 0 ? [`the last ${turn.unstored} characters of the text, which were heard but not stored`] : []),
    ...toolCalls(turn)
      .filter((call) => !isOver(call))
      .map(({ tool }) => `the result of ${tool}, which was running`),
  ]
  return {
    _tag: "interrupted",
    detail: `the answer was never completed, as when opencode is killed or restarted, or when another opencode of the same user works on it${
      lost.length === 0 ? "" : `. Lost: ${lost.join("; ")}`
    }`,
  }
}
