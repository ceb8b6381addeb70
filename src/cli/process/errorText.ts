/** An error as a terminal shows it: the facts, then the next step, in terms of commands and flags. */
import { line, quote } from "../../text/plainText.ts"
import type { EffectUncertain, OpencodeError } from "../../opencode/errors.ts"
import type { ToolError } from "../../tools/shared/errorText.ts"

const flags: Readonly<Record<string, string>> = { agent: "--agent", directory: "--directory", model: "--model" }

const afterUncertain = ({ effect, instance }: EffectUncertain): string => {
  const sessions = `\`opencode-fleet sessions ${instance}\``
  switch (effect) {
    case "prompt":
      return `Before you send it again, check in opencode whether it arrived; ${sessions} shows whether the session is busy.`
    case "abort":
      return `${sessions} shows whether the session is still busy.`
    case "decision":
      return `${sessions} shows whether the session is still waiting.`
    case "creation":
      return `Before you create another, check with ${sessions} whether it is there.`
    case "worktree":
      return `Before you create another, check with \`opencode-fleet describe ${instance}\` whether it is there.`
  }
}

/** The next step after an answer with an error. */
const afterStatus = ({ instance, retryAfter, status }: Pick<OpencodeError, "instance" | "retryAfter" | "status">) => {
  switch (status) {
    case 403:
      return "Allow it in opencode, or in the proxy in front of it."
    case 404:
      return `\`opencode-fleet sessions ${instance}\` lists its sessions.`
    case 409:
      return `It has changed meanwhile; \`opencode-fleet sessions ${instance}\` shows the state of each session.`
    case 413:
      return "Send less text, or put it into a file that the agent reads."
    case 429:
      return `Too many requests: try again ${retryAfter === undefined ? "later" : `in ${retryAfter} s`}.`
    case 408:
    case 502:
    case 503:
    case 504:
      return `It may be starting or stopping: try again ${retryAfter === undefined ? "in a moment" : `in ${retryAfter} s`}; \`opencode-fleet instances\` shows its health.`
    default:
      return status >= 500 ? "opencode's log on that machine has the details." : "Correct what it names, and try again."
  }
}

/** Exhaustive: a new error does not compile until it has its next step, or an empty text because none helps. */
const nextStep = (error: ToolError): string => {
  switch (error._tag) {
    case "InstanceUnreachable":
      return "Check that opencode is still running there; `opencode-fleet instances` shows its health."
    case "RequestTimeout":
      return "It may be starting or stuck; `opencode-fleet instances` shows its health."
    case "Unauthorized":
      if (error.ownCredentials === true) return "`opencode-fleet instances` shows where they come from."
      return error.withheld === undefined && error.api !== 2
        ? "Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) to the values that this opencode was started with."
        : "`opencode-fleet instances` shows what to do."
    case "SessionNotFound":
      return `\`opencode-fleet sessions ${error.instance}\` lists its sessions.`
    case "DirectoryNotFound":
      return "Name an existing directory with --directory, as an absolute path."
    case "RunsElsewhere":
      if (error.at !== undefined) {
        return `\`opencode-fleet send ${error.at} ${error.session} MESSAGE\` sends it there when that turn ends; \`opencode-fleet attach ${error.at} -- --session ${error.session}\` shows it.`
      }
      return `Wait until it has ended there, or use another session; \`opencode-fleet sessions ${error.instance}\` shows when it is idle.`
    case "WorktreeLeft":
      return `${nextStep(error.cause)} --directory with that path uses the worktree.`
    case "DirectoryRequired":
      return "Name the session's directory with --directory."
    case "OpencodeError":
      return afterStatus(error)
    case "UnexpectedResponse":
      if (error.status !== undefined && error.status >= 400) return afterStatus({ ...error, status: error.status })
      return "`opencode-fleet doctor` checks each instance."
    case "SessionBusy":
      if (error.waitingFor !== undefined) {
        return `Decide it in \`opencode-fleet attach ${error.instance} -- --session ${error.session}\` or with an MCP client, then send the message again; --if-busy steer adds it to that turn instead.`
      }
      return "Send it again later, use --if-busy wait to send it when that turn ends, or --if-busy steer to add it to that turn."
    case "EffectUncertain":
      return afterUncertain(error)
    case "MessageIdUnusable":
      return "Choose a new one, or leave --message-id out."
    case "NoTurn":
      return `\`opencode-fleet send ${error.instance} ${error.session} MESSAGE\` starts one.`
    case "RequestNotOpen":
      return `\`opencode-fleet sessions ${error.instance}\` shows which sessions are waiting.`
    case "AmbiguousRequest":
      return "Decide them in opencode."
    case "InstanceNotFound":
      return error.known.length === 0
        ? "`opencode-fleet doctor` shows which transports were scanned."
        : "`opencode-fleet instances` shows each with its directory."
    case "AmbiguousInstance":
      return "Use the full name of one."
    case "InstanceRequired":
      return error.online.length > 0 ? "Name one of them." : "`opencode-fleet instances` shows why."
    case "InstanceReplaced":
      return `\`opencode-fleet instances\` shows all. If it has moved or ended, its announcement is out of date: ${line(error.source)}.`
    case "AmbiguousSession":
      return "Use the full id of one."
    case "HostNotNamed":
      return "Add it to SSH_HOSTS: only hosts in that list are used."
    case "HostNotStarted":
      return ""
    case "HostDirectoryRequired":
      return `\`opencode-fleet start ${error.host} DIRECTORY\` starts it there.`
    case "InvalidParameter":
      return ""
  }
}

const facts = (error: ToolError): string =>
  error._tag === "InvalidParameter"
    ? `${flags[error.parameter] ?? error.parameter} ${quote(error.value)} cannot be used: ${error.detail}.`
    : error.message

export const errorText = (error: ToolError): string => `${facts(error)} ${nextStep(error)}`.trim()
