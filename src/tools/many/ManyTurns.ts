/** What is known of several turns that are followed at once, and when that is enough. */
import { Predicate } from "effect"
import type { TurnReport } from "../../opencode/turns/followTurn.ts"
import * as Turn from "../../opencode/turn/Turn.ts"
import type { ToolError } from "../shared/errorText.ts"

/** `any`: one has ended or waits for a person. `all`: each has. */
export type Until = "any" | "all"

/** One session of several. `session` is what the caller named until the session is found, and then its id. */
export interface Place {
  readonly instance: string
  readonly session: string
  /** Absent until the session is found. */
  readonly title?: string
}

export type ManyState =
  | { readonly _tag: "Unknown" }
  /** `isRead`: the turn is more than the id of its message. `asks`: the request that a person must decide. */
  | { readonly _tag: "Following"; readonly turn: Turn.Turn; readonly isRead: boolean; readonly asks?: string }
  | { readonly _tag: "Ended"; readonly report: TurnReport }
  | { readonly _tag: "Failed"; readonly error: ToolError }

export interface ManyTurn {
  readonly place: Place
  readonly state: ManyState
}

const needsPerson = ({ outcome }: TurnReport) => outcome._tag === "needs permission" || outcome._tag === "needs answer"

/** What `any` waits for: the turn has ended or failed, or waits for a person. */
export const isReported = ({ state }: ManyTurn): boolean => {
  switch (state._tag) {
    case "Unknown":
      return false
    case "Following":
      return state.asks !== undefined
    case "Ended":
      return state.report.outcome._tag !== "still running"
    case "Failed":
      return true
  }
}

/** Whether nothing more is expected of it in this call. */
const isOver = (turn: ManyTurn) => isReported(turn) || turn.state._tag === "Ended"

export const isEnough = (turns: ReadonlyArray<ManyTurn>, until: Until): boolean =>
  turns.every(isOver) || (until === "any" && turns.some(isReported))

/**
 * Whether it is running and waits for no person. An idle session's turn has ended, and a turn with a pending request waits for a
 * person: both are about to be confirmed.
 */
const isRunning = (state: ManyState) =>
  state._tag === "Following" && state.isRead && state.turn.status.type !== "idle" && state.turn.pending.size === 0

/** Whether it is known what each session is doing. */
export const areKnown = (turns: ReadonlyArray<ManyTurn>): boolean =>
  turns.every((turn) => isOver(turn) || isRunning(turn.state))

/** The turn as it is followed now. A request that is settled is not asked about any more. */
export const follow = (before: ManyState, turn: Turn.Turn): ManyState => {
  const asks = before._tag === "Following" ? before.asks : undefined
  const isOpen = asks !== undefined && turn.status.type !== "idle" && turn.pending.has(asks)
  const isRead = before._tag === "Following" && before.turn.prompt === turn.prompt
  return { _tag: "Following", turn, isRead, ...(isOpen ? { asks } : {}) }
}

/** How the call leaves a turn. Undefined if the turn is not known. */
export const reportOf = ({ state }: ManyTurn): TurnReport | undefined => {
  if (state._tag === "Ended") return state.report
  if (state._tag !== "Following") return undefined
  const { asks, turn } = state
  const outcome = asks === undefined ? undefined : Turn.outcome(turn)
  return { outcome: outcome ?? Turn.runningOutcome(turn), turn }
}

export type ManyPhase = "waiting" | "failed" | "ended" | "running"

/** What the caller has to do about it. */
export const phaseOf = (turn: ManyTurn): ManyPhase => {
  if (turn.state._tag === "Failed") return "failed"
  const report = reportOf(turn)
  if (report === undefined || report.outcome._tag === "still running") return "running"
  return needsPerson(report) ? "waiting" : "ended"
}

export const isPhase =
  (phase: ManyPhase): Predicate.Predicate<ManyTurn> =>
  (turn) =>
    phaseOf(turn) === phase
