/** Builds the view of a turn and its outcome. */
import { clip } from "../../text/clip.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import type { Target } from "../../opencode/Target.ts"
import type { Outcome, Turn } from "../../opencode/turn/Turn.ts"
import type { TurnReport } from "../../opencode/turns/followTurn.ts"
import { answeredInstead, text, toolCalls } from "../../opencode/turn/Turn.ts"
import { line, plainLine, plainText } from "../../text/plainText.ts"
import { inputText, readMessage } from "../sessions/conversationView.ts"
import { requestView } from "../requests/requestView.ts"
import type { TurnView } from "./turnSchemas.ts"
import { isAway } from "../../opencode/transient.ts"
import { nextStep } from "../shared/errorText.ts"

/** Characters of a text that may have to be read in its messages, and the maximum number of these messages. */
const longText = 1000
const maxTextMessages = 3

/** Maximum characters of a tool call's arguments and error. */
const maxToolText = 150

const sentBefore = "opencode had this message already, so nothing was sent"

export const outcomeDetail = (outcome: Outcome): string => {
  switch (outcome._tag) {
    case "needs permission":
      return describe({ kind: "permission", request: outcome.request })
    case "needs answer":
      return describe({ kind: "question", request: outcome.request })
    case "unreachable":
      return outcome.error === undefined ? outcome.detail : outcome.error.message
    default:
      return "detail" in outcome ? (outcome.detail ?? "") : ""
  }
}

const nextOfAccepted = (
  { prompt }: Turn,
  { detail, parked, waitingFor }: Extract<Outcome, { _tag: "accepted" }>,
): string => {
  if (waitingFor !== undefined) {
    const { kind, request } = waitingFor
    const tool = kind === "permission" ? "respond_permission" : "answer_question"
    return `The agent receives it when its running turn ends, for which a person must decide first. Show the request to your human, and pass on their decision with ${tool} (${kind}_id ${request.id}). Do not send the message again.`
  }
  if (parked) {
    return `Nothing starts it by itself. Send the same message with message_id ${prompt} to start it; any other message to the session starts it, too.`
  }
  return detail === ""
    ? "The agent is working on it. wait_for_session waits for the answer; get_status shows whether the session is still busy."
    : "The agent answers it after the turns before it. wait_for_session waits for the answer. Do not send the message again."
}

const nextOfBackground =
  "A subagent that works in the background is waiting. Show your human the request, and pass on their decision with respond_permission or answer_question. They can also decide in opencode."

const nextOf = (outcome: Exclude<TurnView["outcome"], "accepted">): string => {
  switch (outcome) {
    case "still running":
      return "The agent is still working; this call stopped waiting. Continue with wait_for_session. Do not send the message again."
    case "needs permission":
      return "The agent is waiting. Show your human the request, and pass on their decision with respond_permission. They can also decide in opencode; wait_for_session then follows the turn."
    case "needs answer":
      return "The agent is waiting. Show your human the question, and pass on their answer with answer_question. They can also answer in opencode; wait_for_session then follows the turn."
    case "failed":
      return "The session is still usable. Fix the cause or choose another model, then send the message again."
    case "rejected":
      return "A person refused a request of the agent, which ended the turn. Ask your human before trying again."
    case "aborted":
      return "The turn was stopped. The work done before is kept."
    case "interrupted":
      return "The work done before is kept; the text being written is lost. get_session shows what is stored. Send a new message to continue."
    case "unreachable":
      return "It is unknown whether the turn continued. refresh_instances shows whether the instance is back; get_session then shows whether the message was answered. Do not send it again before that."
    case "completed":
      return ""
  }
}

/** `leftWaiting`: a subagent in the background waits for a person. */
const nextAfter = (turn: Turn, outcome: Outcome, leftWaiting: boolean): string => {
  if (outcome._tag === "accepted") return nextOfAccepted(turn, outcome)
  if (leftWaiting) return nextOfBackground
  const next = nextOf(outcome._tag)
  // An instance that only went away may come back by itself.
  return outcome._tag !== "unreachable" || outcome.error === undefined || isAway(outcome.error)
    ? next
    : `${nextStep(outcome.error)} ${next}`
}

export const turnView = (
  target: Target,
  { commandOf, outcome, repeated = false, turn }: TurnReport,
  decided: ReadonlyArray<string> = [],
): TurnView => {
  const answered = answeredInstead(turn)
  // A subagent in the background may wait for a person after the turn.
  const leftWaiting = outcome._tag === "completed" && turn.pending.size > 0
  const waits = leftWaiting || outcome._tag === "needs permission" || outcome._tag === "needs answer"
  const answers = [...turn.answers.values()]
  const sum = (of: (answer: (typeof answers)[number]) => number | undefined) =>
    answers.reduce((total, answer) => total + (of(answer) ?? 0), 0)
  const files = new Set([...turn.parts.values()].flatMap((part) => (part.type === "patch" ? part.files : [])))
  const written = plainText(text(turn))
  const textMessages = [
    ...new Set(
      [...turn.parts.values()].flatMap((part) =>
        part.type === "text" && part.synthetic !== true ? [part.messageID] : [],
      ),
    ),
  ].slice(0, maxTextMessages)
  const detail = line(
    [
      ...(repeated ? [sentBefore] : []),
      ...(commandOf === undefined ? [] : [`the command works in a subagent of session ${commandOf}`]),
      outcomeDetail(outcome),
    ]
      .filter((text) => text !== "")
      .join("; "),
    1000,
  )
  const next = nextAfter(turn, outcome, leftWaiting)
  return {
    instance: target.instance,
    session_id: turn.session,
    message_id: turn.prompt,
    ...(answered === undefined ? {} : { answered_message_id: answered }),
    outcome: outcome._tag,
    ...(detail === "" ? {} : { detail }),
    ...(decided.length === 0 ? {} : { decided }),
    text: written,
    tools: toolCalls(turn).map(({ messageID, state, tool }) => ({
      tool: line(tool),
      state: state.status,
      input: inputText(state.input, maxToolText, readMessage(messageID)),
      ...(state.status === "error" ? { error: clip(plainLine(state.error), maxToolText, readMessage(messageID)) } : {}),
    })),
    files: [...files].map((file) => line(file, 200)),
    input_tokens: sum(({ tokens }) => tokens?.input),
    output_tokens: sum(({ tokens }) => tokens?.output),
    cost: sum(({ cost }) => cost),
    ...(waits ? { waiting_for: [...turn.pending.values()].map(requestView) } : {}),
    ...(outcome._tag === "accepted" && outcome.waitingFor !== undefined
      ? { waiting_for: [requestView(outcome.waitingFor)] }
      : {}),
    ...(written.length < longText ? {} : { text_message_ids: textMessages }),
    ...(next === "" ? {} : { next }),
  }
}
