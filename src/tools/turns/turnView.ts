/** A turn and its outcome as a tool's answer shows it. */
import { describe } from "../../opencode/requests/PendingRequest.ts"
import type { Target } from "../../opencode/Target.ts"
import type { Outcome, Turn } from "../../opencode/turn/Turn.ts"
import { answeredInstead, text, toolCalls } from "../../opencode/turn/Turn.ts"
import { line, plainText } from "../../text/plainText.ts"
import { errorText } from "../shared/errorText.ts"
import { inputText } from "../sessions/conversationView.ts"
import { clipStart } from "../shared/markdown.ts"
import { requestView } from "../requests/requestView.ts"
import type { TurnView } from "./TurnAnswer.ts"

const mostTools = 20
const mostFiles = 20

/** What is left for the text of an answer that has as many tools and files as it may, each as long as it may be. */
const textBudget = 11_000

const detailOf = (outcome: Outcome): string => {
  switch (outcome._tag) {
    case "needs permission":
      return describe({ kind: "permission", request: outcome.request })
    case "needs answer":
      return describe({ kind: "question", request: outcome.request })
    case "unreachable":
      return outcome.error === undefined ? outcome.detail : errorText(outcome.error)
    default:
      return "detail" in outcome ? (outcome.detail ?? "") : ""
  }
}

const nextOf = (outcome: TurnView["outcome"]): string => {
  switch (outcome) {
    case "accepted":
      return "The agent works on it. wait_for_session waits for its answer, get_status shows whether it still works."
    case "still running":
      return "The agent goes on; only our waiting has ended. wait_for_session waits on. Do not send the message again."
    case "needs permission":
      return "The agent waits. Show your human what it asks for, and pass on their decision with respond_permission. They may also decide at that opencode; wait_for_session then shows how it went on."
    case "needs answer":
      return "The agent waits. Put the question to your human, and pass on their answer with answer_question. They may also answer at that opencode; wait_for_session then shows how it went on."
    case "failed":
      return "The session can be used further; send the message again, or choose another model, when the cause is gone."
    case "rejected":
      return "A person refused what the agent wanted to do, and the turn ended with that. Ask before trying again."
    case "aborted":
      return "Somebody stopped the turn. What was done before that stays."
    case "interrupted":
      return "What the agent had done until then stays, what it was writing is lost. get_session shows what is stored; send a new message to go on."
    case "unreachable":
      return "Whether the turn went on there is not known. refresh_instances shows when the instance is back, get_session what became of the message. Do not send it again before that."
    case "completed":
      return ""
  }
}

/** Of many requests the first are shown, and nearly all of the answer is theirs. */
const mostRequests = 3
const requestBudget = 14_000
const textBesideRequests = 3000

const requestsOf = ({ pending }: Turn) => {
  const shown = [...pending.values()].slice(0, mostRequests)
  return shown.map((request) => requestView(request, Math.floor(requestBudget / shown.length)))
}

export const turnView = (
  target: Target,
  turn: Turn,
  outcome: Outcome | { readonly _tag: "accepted" },
  decided: ReadonlyArray<string> = [],
): TurnView => {
  const answered = answeredInstead(turn)
  const waits = outcome._tag === "needs permission" || outcome._tag === "needs answer"
  const answers = [...turn.answers.values()]
  const sum = (of: (answer: (typeof answers)[number]) => number | undefined) =>
    answers.reduce((total, answer) => total + (of(answer) ?? 0), 0)
  const files = new Set([...turn.parts.values()].flatMap((part) => (part.type === "patch" ? part.files : [])))
  return {
    instance: target.instance,
    session_id: turn.session,
    message_id: turn.prompt,
    ...(answered === undefined ? {} : { answered_message_id: answered }),
    outcome: outcome._tag,
    detail: outcome._tag === "accepted" ? "" : line(detailOf(outcome), 1000),
    ...(waits ? { waiting_for: requestsOf(turn) } : {}),
    ...(decided.length === 0 ? {} : { decided }),
    next: nextOf(outcome._tag),
    text: clipStart(plainText(text(turn)), waits ? textBesideRequests : textBudget),
    tools: toolCalls(turn)
      .slice(-mostTools)
      .map(({ state, tool }) => ({
        tool: line(tool),
        state: state.status,
        input: inputText(state.input, 150),
        ...(state.status === "error" ? { error: line(state.error, 150) } : {}),
      })),
    files: [...files].slice(0, mostFiles).map((file) => line(file, 200)),
    input_tokens: sum(({ tokens }) => tokens?.input),
    output_tokens: sum(({ tokens }) => tokens?.output),
    cost: sum(({ cost }) => cost),
  }
}
