/** The answer to a call that is still running when the server is stopped. */
import { line } from "../text/plainText.ts"

const inSession = (args: unknown): string => {
  if (typeof args !== "object" || args === null || !("session_id" in args)) return ""
  return typeof args.session_id === "string" ? ` of session ${line(args.session_id, 100)}` : ""
}

/** Agents keep working without the server: only the answer to the call is lost. */
export const endingText = ({ args, name }: { readonly name: string; readonly args: unknown }): string => {
  const call = `opencode-fleet was stopped or restarted during this call of ${name}.`
  switch (name) {
    case "send_message":
      return `${call} If the message was sent, the agent${inSession(args)} keeps working on it; do not send it again. Call wait_for_session for the outcome; the server is usually back within seconds.`
    case "respond_permission":
    case "answer_question":
      return `${call} The decision may have been delivered. Call wait_for_session to see the outcome; the server is usually back within seconds.`
    case "wait_for_session":
    case "wait_for_sessions":
      return `${call} The agents keep working. Call it again for the outcome; the server is usually back within seconds.`
    default:
      return `${call} It may have taken effect. Check before you call it again; the server is usually back within seconds.`
  }
}
