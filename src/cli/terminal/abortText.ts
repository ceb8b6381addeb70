/** What became of a turn that was told to stop, and the exit status. */
import { line } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import type { AbortView } from "../../tools/turns/turnSchemas.ts"
import { exitStatus } from "../process/exitStatus.ts"
import { ownCommand } from "../../text/ownCommand.ts"

export const abortStatus = ({ elsewhere, final, running_at }: AbortView): number => {
  if (running_at !== undefined || elsewhere === true) return exitStatus.failed
  return final ? 0 : exitStatus.running
}

const outcome = ({ elsewhere, final, instance, running_at, session_id, was_running }: AbortView): string => {
  const session = `session ${session_id} on ${instance}`
  if (was_running) {
    return final
      ? `Stopped the turn of ${session}.`
      : `The turn of ${session} was told to stop, and the session is still busy. \`${ownCommand("sessions", instance)}\` shows when it is idle.`
  }
  if (running_at !== undefined) {
    return `Nothing was stopped: the turn of ${session} is running on ${running_at}. \`${ownCommand("abort", running_at, session_id)}\` stops it there.`
  }
  return elsewhere === true
    ? `Nothing was stopped: ${instance} is not running the turn of session ${session_id}. Another opencode of the same user is running it, such as a terminal, or was killed during it. Stop it there.`
    : `Nothing is running in ${session}.`
}

const parkedText = ({ parked = [] }: AbortView): ReadonlyArray<string> =>
  parked.length === 0
    ? []
    : [
        `${plural(parked.length, "message")} in its inbox ${parked.length === 1 ? "starts" : "start"} with the next message to the session: ${parked.map(({ text }) => line(text, 100)).join("; ")}`,
      ]

export const abortText = (view: AbortView): string =>
  [
    outcome(view),
    ...(view.dismissed_count === 0 ? [] : [`Dismissed ${plural(view.dismissed_count, "pending request")}.`]),
    ...parkedText(view),
  ].join(" ")
