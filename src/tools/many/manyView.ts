/** Builds the view of several turns. */
import { Array } from "effect"
import { line, plainText } from "../../text/plainText.ts"
import { text } from "../../opencode/turn/Turn.ts"
import { errorText } from "../shared/errorText.ts"
import { waitingView } from "../sessions/sessionView.ts"
import { outcomeDetail } from "../turns/turnView.ts"
import { isPhase, type ManyPhase, type ManyTurn, reportOf } from "./ManyTurns.ts"
import type { ManySessionsView, ManySessionView } from "./manySchemas.ts"

/** An instance whose busy sessions could not be read. */
export interface Unchecked {
  readonly instance: string
  readonly error: string
}

const maxWaiting = 5

/** What matters to the caller comes first. */
const order: ReadonlyArray<ManyPhase> = ["waiting", "failed", "ended", "running"]

const manySessionView = (turn: ManyTurn): ManySessionView => {
  const { instance, session, title } = turn.place
  const place = { instance, session_id: session, ...(title === undefined ? {} : { title: line(title) }) }
  if (turn.state._tag === "Failed") return { ...place, outcome: "error", detail: errorText(turn.state.error) }
  const report = reportOf(turn)
  if (report === undefined) {
    return { ...place, outcome: "still running", detail: "the instance has not answered yet" }
  }
  const detail = line(outcomeDetail(report.outcome), 1000)
  const written = plainText(text(report.turn))
  const waits = isPhase("waiting")(turn) || report.outcome._tag === "completed"
  const pending = waits ? [...report.turn.pending.values()].slice(0, maxWaiting) : []
  return {
    ...place,
    outcome: report.outcome._tag,
    ...(detail === "" ? {} : { detail }),
    ...(pending.length === 0 ? {} : { waiting_for: pending.map(waitingView) }),
    ...(written === "" ? {} : { text: written }),
  }
}

const isSameSession = (one: ManySessionView, other: ManySessionView) =>
  one.instance === other.instance && one.session_id === other.session_id

const sentences = ({ running_count: running, sessions, waiting_count: waiting }: ManySessionsView) => [
  ...(sessions.length === 0 ? ["No session is busy."] : []),
  ...(waiting === 0
    ? []
    : [
        "Call wait_for_session for each session that waits: it shows the full request, and asks your human if your client can.",
      ]),
  ...(running === 0
    ? []
    : [
        "Call wait_for_sessions again with the sessions that are still running, and no others: one that has ended returns immediately.",
      ]),
]

export const manySessionsView = (
  turns: ReadonlyArray<ManyTurn>,
  unchecked: ReadonlyArray<Unchecked> = [],
): ManySessionsView => {
  const all = order.map((phase) => Array.dedupeWith(turns.filter(isPhase(phase)).map(manySessionView), isSameSession))
  const [waiting = [], failed = [], ended = [], running = []] = all
  const view = {
    waiting_count: waiting.length,
    ended_count: ended.length,
    error_count: failed.length,
    running_count: running.length,
    sessions: all.flat(),
    ...(unchecked.length === 0 ? {} : { unchecked }),
  }
  const next = sentences(view).join(" ")
  return next === "" ? view : { ...view, next }
}
