/** How a stored answer ended. opencode 2 stores it in the answer itself and in the idle marker after it. */
import type { AssistantInfo, Failure } from "../sessions/Message.ts"
import { inactivity, isInactivity } from "./inactivity.ts"
import { isRefusal, type RefusedStep } from "./refusals.ts"
import { failureOf, type WireAssistant, type WireEntry, type WireError, type WireIdle } from "./wire/WireMessage.ts"

/** What follows an answer or a prompt in its turn. */
export interface Sequel {
  /** The idle marker, if it ended the turn. */
  readonly idle: WireIdle | undefined
  /** Why a summary failed that opencode tried to make in between. */
  readonly failure: WireError | undefined
  /** Whether another prompt or step follows. */
  readonly continues: boolean
}

/** opencode stores a reason only if it made a step or a summary fail. */
const unknownReason = "opencode has not stored the reason"

export const failureWithoutStep = ({ failure }: Pick<Sequel, "failure">): Failure =>
  failure === undefined ? { kind: "failed", message: unknownReason } : { ...failureOf(failure), kind: "failed" }

export const isRefusedAnswer = ({ content, id }: WireAssistant, refused: RefusedStep) =>
  refused.has(id) ||
  content.some((item) => item.type === "tool" && item.state.status === "error" && isRefusal(item.state.error.message))

/** Whether a stopped step may have been refused from another process: a tool call of it was stopped, too. */
export const mayBeRefused = (entry: WireEntry, refused: RefusedStep): boolean =>
  entry.type === "assistant" &&
  entry.error?.type === "aborted" &&
  !isRefusedAnswer(entry, refused) &&
  entry.content.some((item) => item.type === "tool" && item.state.status === "error")

/** The last moment at which something is known to have happened in the answer, in epoch milliseconds. */
const lastSign = ({ content, time }: WireAssistant) =>
  Math.max(
    time.created,
    time.streamed ?? 0,
    ...content.map((item) => (item.type === "tool" ? (item.time?.ran ?? item.time?.created ?? 0) : 0)),
  )

/** Why a step was stopped. `failed`: opencode gave up, for example after several restarts. */
const stopped = (answer: WireAssistant, { outcome, time }: WireIdle, error: WireError): Failure => {
  if (outcome === "failed") return { ...failureOf(error), kind: "failed" }
  return isInactivity(time.created - lastSign(answer)) ? inactivity : { kind: "aborted", message: error.message }
}

/** Without `time.completed` the answer is unfinished, or the server was stopped during it. */
export const ending = (
  answer: WireAssistant,
  sequel: Sequel,
  refused: boolean,
): Pick<AssistantInfo, "time" | "finish" | "error"> => {
  const { error, finish, time } = answer
  const { continues, idle } = sequel
  const unfinished = { time: { created: time.created } }
  const completed = { created: time.created, completed: time.completed ?? idle?.time.created ?? time.created }
  if (error?.type === "aborted") {
    if (refused) return { time: completed, finish: "tool-calls" }
    return idle === undefined ? unfinished : { time: completed, error: stopped(answer, idle, error) }
  }
  if (error !== undefined) return { time: completed, finish: "error", error: failureOf(error) }
  if (idle?.outcome === "failed") return { time: completed, error: failureWithoutStep(sequel) }
  if (idle?.outcome === "interrupted" && (finish === "tool-calls" || finish === undefined)) {
    return { time: completed, error: stopped(answer, idle, { type: "aborted", message: "Interrupted" }) }
  }
  // After a crash, the next prompt or step completes the answer without a reason.
  const isCutOff = finish === undefined && continues
  if (idle === undefined && (time.completed === undefined || isCutOff)) return unfinished
  return { time: completed, ...(finish === undefined ? {} : { finish }) }
}
