/** Pending requests: permissions and questions that a turn waits for a person to decide. */
import { shortLine } from "../../text/shortLine.ts"
import type { MessageId, PermissionId, QuestionId, SessionId } from "../Identifiers.ts"

/** The waiting tool call. */
export interface WaitingTool {
  readonly messageID: MessageId
  /** Absent if opencode names only the message. */
  readonly callID?: string
}

export interface PermissionRequest {
  readonly id: PermissionId
  /** The session that asks; for a subagent, its own. */
  readonly sessionID: SessionId
  readonly tool?: WaitingTool
  /** The kind of action: `bash`, `edit`, `webfetch`, … */
  readonly permission: string
  /**
   * What opencode compares with its rules: commands, paths, addresses, or `*`. Of a command line they leave out `cd`, loops and
   * redirections, so {@link requestedActs} is what a person decides about.
   */
  readonly patterns: ReadonlyArray<string>
  /** Patterns that the reply `always` would allow from then on. */
  readonly always?: ReadonlyArray<string>
  /**
   * Whether `always` is stored, for all sessions of the project. Otherwise it holds in all sessions of the directory, until
   * opencode exits.
   */
  readonly alwaysIsStored?: boolean
  /** Details of the action, by name: the whole `command`, the `filepath` and the `diff` of an edit, … */
  readonly details?: Readonly<Record<string, string>>
}

/** `always` also allows similar requests of other sessions. A rejection ends the turn, unless it has a message. */
export interface PermissionReply {
  readonly reply: "once" | "always" | "reject"
  /** Sent to the agent with a rejection; the agent then continues. */
  readonly message?: string
}

export interface Question {
  readonly question: string
  readonly header?: string
  readonly options: ReadonlyArray<{ readonly label: string; readonly description?: string }>
  /** Whether several options may be chosen. */
  readonly multiple?: boolean
  /** Whether a custom answer is allowed. Default: true. */
  readonly custom?: boolean
}

export interface QuestionRequest {
  readonly id: QuestionId
  /** The session that asks; for a subagent, its own. */
  readonly sessionID: SessionId
  readonly tool?: WaitingTool
  readonly questions: ReadonlyArray<Question>
}

export type PendingRequest =
  | { readonly kind: "permission"; readonly request: PermissionRequest }
  | { readonly kind: "question"; readonly request: QuestionRequest }

/** A person's decision on a pending request. */
export type Decision =
  | { readonly kind: "permission"; readonly request: PermissionRequest; readonly reply: PermissionReply }
  | {
      readonly kind: "question"
      readonly request: QuestionRequest
      /** A list of labels for each question; undefined if the person dismisses the questions. */
      readonly answers: ReadonlyArray<ReadonlyArray<string>> | undefined
    }

/** Where and how long the reply `always` holds. */
export const alwaysScope = ({ alwaysIsStored = false }: PermissionRequest): string =>
  alwaysIsStored
    ? "all sessions of this project, also after opencode restarts"
    : "all sessions of this directory, until opencode exits"

/** The tools that start a subagent, by their names in opencode 1 and 2. */
export const subagentTools: ReadonlySet<string> = new Set(["task", "subagent"])

/** Permissions whose patterns name a directory, a tool or an agent. */
const generalPermissions = new Set([...subagentTools, "external_directory", "doom_loop"])

/** Whether the patterns only say which rule applies, such as that for all calls of a tool. */
const areGeneral = ({ patterns, permission }: PermissionRequest) =>
  generalPermissions.has(permission) || patterns.every((pattern) => pattern === "*")

/** The whole command line, the file, or the patterns. Empty if only the details say what would be done. */
export const namedActs = (request: PermissionRequest): ReadonlyArray<string> => {
  const { details = {}, patterns } = request
  const { command = "", filePath = "", filepath = filePath, path = filepath } = details
  if (command.trim() !== "") return [command]
  if (!areGeneral(request)) return patterns
  if (path.trim() !== "" && request.permission === "external_directory") return [path]
  return Object.keys(details).length === 0 ? patterns : []
}

/** What happens if the request is allowed: the whole command line; else the file, the patterns, or the arguments of the tool. */
export const requestedActs = (request: PermissionRequest): ReadonlyArray<string> => {
  const named = namedActs(request)
  if (named.length > 0) return named
  return [
    Object.entries(request.details ?? {})
      .map(([name, value]) => `${name}: ${value}`)
      .join(", "),
  ]
}

/** {@link requestedActs}, if it is one. */
export const soleAct = (request: PermissionRequest): string | undefined => {
  const [sole, ...others] = requestedActs(request)
  return others.length === 0 ? sole : undefined
}

/** The details that {@link namedActs} does not show, by name. */
export const otherDetails = (request: PermissionRequest): ReadonlyArray<readonly [string, string]> => {
  const acts = namedActs(request)
  return Object.entries(request.details ?? {}).filter(([, value]) => value.trim() !== "" && !acts.includes(value))
}

/** Characters of a request in one line. */
const maxDescription = 200

/** A pending request in one line. A long one is shortened in its middle, because the end of a command can be the worst of it. */
export const describe = ({ kind, request }: PendingRequest): string =>
  shortLine(
    kind === "permission"
      ? `permission for ${request.permission}: ${requestedActs(request).join(", ")}`
      : `question: ${request.questions.map(({ question }) => question).join(" / ")}`,
    maxDescription,
  )
