/** An error as a terminal shows it: the facts, then the next step, in terms of commands and flags. */
import { line, quote } from "../../text/plainText.ts"
import type { EffectUncertain } from "../../opencode/errors.ts"
import type { ToolError } from "../../tools/shared/errorText.ts"
import { afterStatus, type StatusWords } from "../../tools/shared/statusText.ts"
import { ownCommand } from "../../text/ownCommand.ts"

const flags: Readonly<Record<string, string>> = {
  agent: "--agent",
  before: "--before",
  directory: "--directory",
  message: "--message",
  message_id: "--message",
  model: "--model",
  worktree: "--worktree",
}

const parameterHints: Readonly<Record<string, string>> = {
  before: "Leave it out for the newest messages.",
  message_id: "`opencode-fleet read INSTANCE SESSION` shows the ids of its messages.",
}

const afterUncertain = ({ effect, instance, session }: EffectUncertain): string => {
  const sessions = `\`${ownCommand("sessions", instance)}\``
  switch (effect) {
    case "prompt":
    case "command":
      return `Before you send it again, check with \`${ownCommand("read", instance, session)}\` whether it arrived.`
    case "abort":
      return `${sessions} shows whether the session is still busy.`
    case "decision":
      return `${sessions} shows whether the session is still waiting.`
    case "creation":
      return `Before you create another, check with ${sessions} whether it is there.`
    case "worktree":
      return `Before you create another, check with \`${ownCommand("describe", instance)}\` whether it is there.`
  }
}

const statusWords = (instance: string): StatusWords => ({
  forbidden: "Allow it in opencode, or in the proxy in front of it.",
  notFound: `\`${ownCommand("sessions", instance)}\` lists its sessions.`,
  conflict: `It has changed meanwhile; \`${ownCommand("sessions", instance)}\` shows the state of each session.`,
  health: "`opencode-fleet instances` shows its health",
})

/** Exhaustive: a new error does not compile until it has its next step, or an empty text because none helps. */
const nextStep = (error: ToolError): string => {
  switch (error._tag) {
    case "InstanceUnreachable":
      return "Check that opencode is still running there; `opencode-fleet instances` shows its health."
    case "RequestTimeout":
    case "SendTimeout":
      return "It may be starting or stuck; `opencode-fleet instances` shows its health."
    case "Unauthorized":
      if (error.ownCredentials === true) return "`opencode-fleet instances` shows where they come from."
      return error.withheld === undefined && error.api !== 2
        ? "Set OPENCODE_SERVER_PASSWORD (and OPENCODE_SERVER_USERNAME) to the values that this opencode was started with."
        : "`opencode-fleet instances` shows what to do."
    case "SessionNotFound":
      return `\`${ownCommand("sessions", error.instance)}\` lists its sessions.`
    case "DirectoryNotFound":
      return "Name an existing directory with --directory, as an absolute path."
    case "RunsElsewhere":
      if (error.at !== undefined) {
        return `\`${ownCommand("send", error.at, error.session, "MESSAGE")}\` sends it there when that turn ends; \`${ownCommand("read", error.at, error.session, "--follow")}\` shows it.`
      }
      return `Wait until it has ended there, or use another session; \`${ownCommand("sessions", error.instance)}\` shows when it is idle.`
    case "WorktreeLeft":
      return `${nextStep(error.cause)} --directory with that path uses the worktree.`
    case "DirectoryRequired":
      return "Name the session's directory with --directory."
    case "OpencodeError":
      return afterStatus(error, statusWords(error.instance))
    case "UnexpectedResponse":
      if (error.status !== undefined && error.status >= 400)
        return afterStatus({ ...error, status: error.status }, statusWords(error.instance))
      if (error.isOfNewerVersion) return "Update opencode-fleet."
      return "`opencode-fleet doctor` checks each instance."
    case "SessionBusy":
      if (error.waitingFor !== undefined) {
        const commands = error.waitingFor.kind === "permission" ? ["approve", "reject"] : ["answer", "reject"]
        const decide = commands.map((name) => `\`${ownCommand(name, error.instance, error.session)}\``)
        return `Decide it with ${decide.join(" or ")}, then send the message again; --if-busy steer adds it to that turn instead.`
      }
      return "Send it again later, use --if-busy wait to send it when that turn ends, or --if-busy steer to add it to that turn."
    case "EffectUncertain":
      return afterUncertain(error)
    case "MessageIdUnusable":
      return error.noneUsable === true ? "Leave --message-id out." : "Choose a new one, or leave --message-id out."
    case "NoTurn":
      return `\`${ownCommand("send", error.instance, error.session, "MESSAGE")}\` starts one.`
    case "RequestNotOpen":
      if (error.open !== undefined) return "Choose one with --id."
      return `\`${ownCommand("sessions", error.instance)}\` shows which sessions are waiting.`
    case "AmbiguousRequest":
      return "Choose one with --id."
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
      return `\`${ownCommand("start", error.host, "DIRECTORY")}\` starts it there.`
    case "InvalidParameter":
      return parameterHints[error.parameter] ?? ""
  }
}

type FlagNames = Readonly<Record<string, string>>

const facts = (error: ToolError, named: FlagNames): string => {
  if (error._tag !== "InvalidParameter") return error.message
  if (error.parameter === "answers") return `The answer cannot be used: ${error.detail}.`
  return `${named[error.parameter] ?? flags[error.parameter] ?? error.parameter} ${quote(error.value)} cannot be used: ${error.detail}.`
}

/** `named` are the flags of a command that calls a parameter otherwise than the others. */
export const errorText = (error: ToolError, named: FlagNames = {}): string =>
  `${facts(error, named)} ${nextStep(error)}`.trim()
