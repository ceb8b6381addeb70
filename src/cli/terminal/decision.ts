/** A pending request in full, and what became of a person's decision about it. */
import { type Delivery, deliveryText } from "../../opencode/requests/decision.ts"
import { alwaysScope, type Decision, type PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { capitalised } from "../../text/capitalised.ts"
import { line } from "../../text/plainText.ts"
import { wholeRequestText } from "../../tools/requests/requestView.ts"
import type { Style } from "./style.ts"
import { ownCommand } from "../../text/ownCommand.ts"

/** What a person must know to decide. `always`: also what that would allow. */
export const requestLines = (pending: PendingRequest, { always = false } = {}): string => {
  const { kind, request } = pending
  const text = wholeRequestText(pending)
  if (kind !== "permission" || !always) return text
  const { always: patterns = [] } = request
  return patterns.length === 0
    ? `${text}\n--always would allow nothing beyond this.`
    : [
        text,
        `--always also allows, in ${alwaysScope(request)}:`,
        ...patterns.map((pattern) => `  ${line(pattern, 500)}`),
      ].join("\n")
}

export const decidedText = (delivery: Delivery, decision: Decision): string =>
  capitalised(line(deliveryText(delivery, decision), 1000))

/** A request in a conversation, with the commands that decide it. */
export const waitingText = (instance: string, session: Session, pending: PendingRequest, style: Style): string => {
  const { kind, request } = pending
  const decide = kind === "permission" ? "approve" : "answer"
  const command = (name: string) => `\`${ownCommand(name, instance, session.id, "--id", request.id)}\``
  const asking = request.sessionID === session.id ? "" : ` (asked by subagent session ${request.sessionID})`
  return [
    style.warning(`Waiting for a person${asking}:`),
    wholeRequestText(pending),
    `Decide it with ${command(decide)} or ${command("reject")}.`,
  ].join("\n")
}
