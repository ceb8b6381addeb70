/** The answer to a call that is still running when the server is stopped, or whose own answer is lost. */
import { line } from "../text/plainText.ts"

const inSession = (args: unknown): string => {
  if (typeof args !== "object" || args === null || !("session_id" in args)) return ""
  return typeof args.session_id === "string" ? ` of session ${line(args.session_id, 100)}` : ""
}

interface Ended {
  readonly name: string
  readonly args: unknown
  /** Whether the call was waiting for a person. */
  readonly isAsking?: boolean
}

/** Agents keep working without the server: only the answer to the call is lost. */
const advice = ({ args, isAsking = false, name }: Ended): string => {
  switch (name) {
    case "send_message":
      if (isAsking) {
        return `The message was sent. The agent${inSession(args)} waits for a person, who was asked and has not answered: wait_for_session shows the request. Do not send the message again`
      }
      return `If the message was sent, the agent${inSession(args)} keeps working on it: call wait_for_session for the outcome, and send it again only if get_session does not show it`
    case "respond_permission":
    case "answer_question":
      return "The decision may have been delivered. Call wait_for_session to see the outcome"
    case "wait_for_session":
    case "wait_for_sessions":
      if (isAsking) return "A person was asked, and has not answered. Call it again: it shows the request"
      return "The agents keep working. Call it again for the outcome"
    default:
      return "It may have taken effect. Check before you call it again"
  }
}

export const endingText = (call: Ended): string =>
  `opencode-fleet was stopped or restarted during this call of ${call.name}. ${advice(call)}; the server is usually back within seconds.`

/** The client closed its input, and so ends the server. */
export const inputEndText = (call: Ended): string =>
  `The input of opencode-fleet was closed during this call of ${call.name}, which ends it. ${advice(call)}.`

/** The arguments of a call whose answer is lost are not known any more. */
export const lostText = (name: string): string =>
  `The answer to this call of ${name} is no longer available: its connection was lost for too long, or opencode-fleet was restarted. ${advice({ name, args: undefined })}.`
