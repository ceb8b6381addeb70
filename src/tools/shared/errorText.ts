/** An error as an MCP client reads it: the facts, then the next step, in terms of tools and their parameters. */
import { line } from "../../text/plainText.ts"
import type { StartError } from "../../discovery/ssh/startErrors.ts"
import type { ResolveError } from "../../fleet/naming.ts"
import type { ClientError, EffectUncertain } from "../../opencode/errors.ts"
import type { DecisionError } from "../../opencode/requests/decisionErrors.ts"
import type { SendError } from "../../opencode/turns/sendErrors.ts"
import type { AmbiguousSession } from "../../opencode/sessions/sessionReference.ts"
import type { DirectoryRequired, InvalidParameter } from "./InvalidParameter.ts"
import type { WorktreeLeft } from "./WorktreeLeft.ts"
import { afterStatus, type StatusWords } from "./statusText.ts"

/** Every error that a tool can fail with. */
export type ToolError =
  | ResolveError
  | ClientError
  | AmbiguousSession
  | InvalidParameter
  | DirectoryRequired
  | WorktreeLeft
  | DecisionError
  | SendError
  | StartError

const parameterHints: Readonly<Record<string, string>> = {
  before: "Pass what an earlier get_session of this session returned as `before`, or omit it for the newest messages.",
  directory: "list_instances shows the projects.",
  message: "send_message talks to the agent.",
  message_id: "get_session shows the ids of the session's messages; omit message_id for the whole session.",
  requestState: "wait_for_session shows the state of the turn.",
}

const afterUncertain = ({ effect }: EffectUncertain): string => {
  switch (effect) {
    case "prompt":
    case "command":
      return "Before you send it again, check with get_session whether it arrived."
    case "abort":
      return "get_status shows whether the session is still busy."
    case "decision":
      return "get_status shows whether the request is still waiting."
    case "creation":
      return "Before you create another, check with list_sessions whether it is there."
    case "worktree":
      return "Before you create another, check with describe_instance whether it is there."
  }
}

const statusWords: StatusWords = {
  forbidden: "Only a person can allow it, in opencode or in the proxy in front of it.",
  notFound: "list_sessions shows what is there.",
  conflict: "It has changed meanwhile; get_status and get_session show its state.",
  health: "refresh_instances shows its health",
}

const chooseId = (kinds: ReadonlyArray<string>) => `Choose one with ${kinds.map((kind) => `${kind}_id`).join(" or ")}.`

/** Exhaustive: a new error does not compile until it has its next step, or an empty text because none helps. */
export const nextStep = (error: ToolError): string => {
  switch (error._tag) {
    case "InstanceUnreachable":
      return "Check that opencode is still running there; refresh_instances checks again."
    case "RequestTimeout":
    case "SendTimeout":
      return "It may be starting or stuck; refresh_instances shows its health."
    case "Unauthorized":
      if (error.ownCredentials === true) return "list_instances shows where they come from."
      return error.withheld === undefined && error.api !== 2
        ? "Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) of opencode-fleet to the values that this opencode was started with."
        : "list_instances shows what to do."
    case "SessionNotFound":
      return "list_sessions shows its sessions."
    case "DirectoryNotFound":
      return "Pass an existing directory as `directory`, as an absolute path."
    case "RunsElsewhere":
      if (error.at !== undefined) {
        return `Pass instance "${error.at}" to send_message, which waits for the turn's end, wait_for_session, abort_session, respond_permission or answer_question.`
      }
      return "Wait until it has ended there, or use another session; list_sessions shows when it is idle."
    case "WorktreeLeft":
      return `${nextStep(error.cause)} create_session with it as \`directory\` uses the worktree.`
    case "DirectoryRequired":
      return "Pass the session's directory as `directory`."
    case "OpencodeError":
      return afterStatus(error, statusWords)
    case "UnexpectedResponse":
      if (error.status !== undefined && error.status >= 400)
        return afterStatus({ ...error, status: error.status }, statusWords)
      if (error.isOfNewerVersion) return "Update opencode-fleet."
      return "list_instances shows its address and version."
    case "SessionBusy":
      if (error.waitingFor !== undefined) {
        const { id, kind } = error.waitingFor
        const tool = kind === "permission" ? "respond_permission" : "answer_question"
        return `wait_for_session shows the request in full. Show it to your human, and pass on their decision with ${tool} (${kind}_id ${id}); then send the message again. if_busy "steer" adds it to the waiting turn instead.`
      }
      return 'Send it again later, stop the running turn with abort_session, or use if_busy "steer" to add the message to it.'
    case "EffectUncertain":
      return afterUncertain(error)
    case "MessageIdUnusable":
      return error.noneUsable === true ? "Leave message_id out." : "Choose a new one, or leave message_id out."
    case "NoTurn":
      return "send_message starts one."
    case "RequestNotOpen":
      if (error.open !== undefined) return chooseId(error.kinds)
      return "wait_for_session follows the turn; get_status shows which sessions are waiting."
    case "AmbiguousRequest":
      return chooseId(error.kinds)
    case "InstanceNotFound":
      return error.known.length === 0
        ? "list_instances shows which transports were scanned."
        : "list_instances shows each with its directory."
    case "AmbiguousInstance":
      return "Use the full name of one."
    case "InstanceRequired":
      return error.online.length > 0 ? "Pass one of these names as `instance`." : "list_instances shows why."
    case "InstanceReplaced":
      return `list_instances shows all instances. If it has moved or ended, its announcement is out of date: ${line(error.source)}.`
    case "AmbiguousSession":
      return "Use the full id of one."
    case "HostNotNamed":
      return "Only hosts that the user lists in SSH_HOSTS can be used."
    case "HostNotStarted":
      return "list_instances shows the hosts that cannot be reached."
    case "HostDirectoryRequired":
      return "Pass `directory`, a path on that host."
    case "InvalidParameter":
      return parameterHints[error.parameter] ?? ""
  }
}

export const errorText = (error: ToolError): string => `${error.message} ${nextStep(error)}`.trim()
