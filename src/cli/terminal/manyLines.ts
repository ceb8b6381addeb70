/** One line about a session of several, when it ends or begins to wait for a person. */
import { cut } from "../../text/cells.ts"
import { line, plainLine } from "../../text/plainText.ts"
import { type Outcome, text } from "../../opencode/turn/Turn.ts"
import { isPhase, type ManyTurn, reportOf } from "../../tools/many/ManyTurns.ts"
import { outcomeDetail } from "../../tools/turns/turnView.ts"
import { errorText } from "../process/errorText.ts"
import { statusOf } from "../process/turnExit.ts"
import type { Style } from "./style.ts"

/** Characters of the last line of the agent's text. */
const maxText = 200

const lastLine = (written: string) => line(written.trimEnd().split("\n").at(-1) ?? "", maxText)

/** The error's next step in terms of commands. */
const detailOf = (outcome: Outcome) =>
  outcome._tag === "unreachable" && outcome.error !== undefined ? errorText(outcome.error) : outcomeDetail(outcome)

interface Told {
  readonly outcome: string
  /** What the session waits for, or why it failed. */
  readonly detail: string
  /** The last line of the agent's text, without a detail. */
  readonly written: string
}

const outcomeOf = (turn: ManyTurn): Told => {
  if (turn.state._tag === "Failed") return { outcome: "error", detail: errorText(turn.state.error), written: "" }
  const report = reportOf(turn)
  if (report === undefined) return { outcome: "still running", detail: "", written: "" }
  const detail = detailOf(report.outcome)
  return { outcome: report.outcome._tag, detail, written: detail === "" ? lastLine(text(report.turn)) : "" }
}

const styleOf = (style: Style, turn: ManyTurn) => {
  if (isPhase("waiting")(turn) || isPhase("running")(turn)) return style.warning
  return statusOf(reportOf(turn)?.outcome._tag ?? "failed") === 0 ? style.good : style.bad
}

/** `room` is the width of the terminal in cells. */
export const manyLine = (turn: ManyTurn, style: Style, room: number): string => {
  const { instance, session, title } = turn.place
  const { detail, outcome, written } = outcomeOf(turn)
  // On a narrow screen, the end is cut: an agent's text rather than the title, but not what it waits for or why it failed.
  const [shownOutcome, ...rest] = [outcome, `${instance}/${session}`, detail, title ?? "", written]
    .map((each) => plainLine(each))
    .filter((each) => each !== "")
  const after = cut(`  ${rest.join("  ")}`, Math.max(1, room - outcome.length))
  return styleOf(style, turn)(shownOutcome ?? "") + after
}
