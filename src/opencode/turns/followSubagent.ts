/** Follows a slash command that works in a subagent, and then the agent's answer to the subagent's result. */
import { Effect, Schedule } from "effect"
import type { Session } from "../sessions/Session.ts"
import * as Turn from "../turn/Turn.ts"
import { type FollowTurn, followTurn, type TurnReport } from "./followTurn.ts"
import { persistently } from "./storedTurn.ts"

/** opencode passes the result on as soon as the subagent has ended. */
const untilPassedOn = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(12)])

/** The message with which opencode tells the agent of the result, if that has started a turn. */
const resultFor = ({ opencode, session: { time } }: FollowTurn, parent: Session) =>
  Effect.map(persistently(opencode.messages(parent.id, { limit: 10 })), ({ messages }) =>
    messages.find(
      ({ info, parts }) =>
        info.role === "user" && info.time.created >= time.created && parts.every(({ type }) => type === "note"),
    ),
  )

/** `following` is about the subagent's session. Without an answer of the agent, the report is that of the subagent. */
export const followSubagent = Effect.fnUntraced(function* (
  following: FollowTurn,
  parent: Session,
): Effect.fn.Return<TurnReport> {
  const report = yield* followTurn(following)
  if (report.outcome._tag !== "completed") return report
  const result = yield* resultFor(following, parent).pipe(
    Effect.repeat({ while: (found) => found === undefined, schedule: untilPassedOn }),
    Effect.orElseSucceed(() => undefined),
  )
  if (result === undefined) return report
  const turn = { ...Turn.begin(parent.id, result.info.id), accepted: true }
  yield* following.onTurn(turn)
  return yield* followTurn({ ...following, session: parent, turn, joined: true })
})
