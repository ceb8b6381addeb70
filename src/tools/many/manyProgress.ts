/** The progress of a call that waits for several sessions: how many have ended, and what the others are doing. */
import { Clock, Effect } from "effect"
import type { CallValues } from "../../mcp/Call.ts"
import { line } from "../../text/plainText.ts"
import { toolCalls } from "../../opencode/turn/Turn.ts"
import { isReported, type ManyTurn, phaseOf, reportOf } from "./ManyTurns.ts"

/** Milliseconds, as for one turn. */
const heartbeat = 15_000

/** How often the known state of the turns is read. Sends no request. */
const pace = "1 second"

/** Maximum number of sessions that are named. */
const maxNamed = 5

const nameOf = ({ place }: ManyTurn) => line(`${place.instance}/${place.session}`, 80)

const activityOf = (turn: ManyTurn): string => {
  const report = reportOf(turn)
  if (report === undefined) return "connecting"
  if (report.turn.isMissingEvents) return "has no contact"
  const running = toolCalls(report.turn).findLast(({ state }) => state.status === "running")
  if (running !== undefined) return `runs ${line(running.tool, 40)}`
  return report.turn.status.type === "retry" ? "asks its provider again" : "works"
}

const stateOf = (turn: ManyTurn): string => {
  const phase = phaseOf(turn)
  if (phase === "failed") return "cannot be followed"
  if (phase === "waiting") return "waits for a person"
  return phase === "running" ? activityOf(turn) : (reportOf(turn)?.outcome._tag ?? "ended")
}

const listed = (turns: ReadonlyArray<ManyTurn>): string => {
  const named = turns.slice(0, maxNamed).map((turn) => `${nameOf(turn)} ${stateOf(turn)}`)
  return [...named, ...(turns.length > maxNamed ? [`and ${turns.length - maxNamed} more`] : [])].join(", ")
}

/** Such as `2 of 3 ended; api/ses_… works`. Those that still run come first, then what was last known of the others. */
const progressText = (turns: ReadonlyArray<ManyTurn>): string => {
  const ended = turns.filter((turn) => isReported(turn) && phaseOf(turn) !== "waiting")
  const others = turns.filter((turn) => !ended.includes(turn))
  return [`${ended.length} of ${turns.length} ended`, ...(others.length === 0 ? [] : [listed(others)])].join("; ")
}

/** Whether its instance is lost, and may come back. */
const isLost = (turn: ManyTurn) => phaseOf(turn) === "running" && reportOf(turn)?.turn.isMissingEvents === true

/** Reports when a session has ended, begins to wait for a person or loses its instance, and otherwise every 15 s. */
export const reportProgress =
  ({ progress, wantsProgress }: Pick<CallValues, "progress" | "wantsProgress">) =>
  (now: Effect.Effect<ReadonlyArray<ManyTurn>>): Effect.Effect<void> =>
    wantsProgress
      ? Effect.gen(function* () {
          let count = 0
          let reported = "0 0"
          let lastSent = yield* Clock.currentTimeMillis
          while (true) {
            yield* Effect.sleep(pace)
            const turns = yield* now
            const time = yield* Clock.currentTimeMillis
            const counted = `${turns.filter(isReported).length} ${turns.filter(isLost).length}`
            if (counted === reported && time - lastSent < heartbeat) continue
            reported = counted
            lastSent = time
            yield* progress({ progress: ++count, message: progressText(turns) })
          }
        })
      : Effect.void
