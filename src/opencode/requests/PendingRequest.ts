/** Pending requests: permissions and questions that a turn waits for a person to decide. */
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
   * redirections, so `requestedActs` is what a person decides about.
   */
  readonly patterns: ReadonlyArray<string>
  /** Patterns that the reply `always` would allow from then on. */
  readonly always?: ReadonlyArray<string>
  /**
   * Whether `always` is stored, for all sessions of the project. Otherwise it holds in all sessions of the directory, until
   * opencode exits.
   */
  readonly alwaysIsStored?: boolean
  /** Details of the action, by name: the whole `command`, its `workdir`, the `filepath` and the `diff` of an edit, … */
  readonly details?: Readonly<Record<string, string>>
  /** Whether `details` has all arguments of the waiting tool call. Without them, `workdir` may be missing. */
  readonly hasArguments?: boolean
  /**
   * Whether opencode itself told nothing: `details` are arguments of the agent, which can have names that the tool ignores, such
   * as `command`.
   */
  readonly onlyArguments?: boolean
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
