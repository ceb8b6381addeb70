/** How a command over several sessions ends: the exit status for the worst of them, and what to do next. */
import { Effect } from "effect"
import { plural } from "../../text/plural.ts"
import { isPhase, type ManyTurn, reportOf, type Until } from "../../tools/many/ManyTurns.ts"
import { CommandFailed, exitStatus, statusOfError } from "./exitStatus.ts"
import { statusOf } from "./turnExit.ts"
import { ownCommand } from "../../text/ownCommand.ts"

const statusOfTurn = (turn: ManyTurn): number => {
  if (turn.state._tag === "Failed") return statusOfError(turn.state.error)
  return statusOf(reportOf(turn)?.outcome._tag ?? "still running")
}

/** The worst first. */
const order = [exitStatus.failed, exitStatus.waits, exitStatus.running]

const commandFor = (name: string, { place }: ManyTurn) => `\`${ownCommand(name, place.instance, place.session)}\``

const needsAnswer = (turn: ManyTurn) =>
  turn.state._tag === "Failed"
    ? turn.state.error._tag === "SessionBusy" && turn.state.error.waitingFor?.kind === "question"
    : reportOf(turn)?.outcome._tag === "needs answer"

const waitsText = (waiting: ReadonlyArray<ManyTurn>): ReadonlyArray<string> =>
  waiting.slice(0, 3).map((turn) => {
    const name = needsAnswer(turn) ? "answer" : "approve"
    return `Decide with ${commandFor(name, turn)} or ${commandFor("reject", turn)}.`
  })

/** Fails with `CommandFailed` unless every turn is completed; with `any`, unless every turn that has ended is. */
export const endWithWorst = Effect.fnUntraced(function* (turns: ReadonlyArray<ManyTurn>, until: Until) {
  const running = turns.filter(isPhase("running"))
  const waiting = turns.filter((turn) => statusOfTurn(turn) === exitStatus.waits)
  const counted =
    until === "any" && running.length < turns.length ? turns.filter((one) => !isPhase("running")(one)) : turns
  const statuses = counted.map(statusOfTurn)
  const status = order.find((one) => statuses.includes(one))
  if (status === undefined) return
  const failed = statuses.filter((one) => one === exitStatus.failed).length
  const facts = [
    ...(failed === 0 ? [] : [`${plural(failed, "session")} not completed`]),
    ...(waiting.length === 0 ? [] : [`${plural(waiting.length, "session")} waiting for a person`]),
    ...(running.length === 0 ? [] : [`${plural(running.length, "session")} still running`]),
  ]
  const reason = [`Of ${plural(turns.length, "session")}: ${facts.join(", ")}.`, ...waitsText(waiting)].join("\n  ")
  return yield* new CommandFailed({ status, reason })
})
