/** Messages and their parts. Times are epoch milliseconds. */
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { Retry, Tokens } from "./Session.ts"

/** Why a message or a session failed. The provider's headers and bodies are left out, because they can be private. */
export interface Failure {
  /** `aborted` if the turn was stopped by a person or a client, `interrupted` if opencode stopped it. */
  readonly kind: "aborted" | "failed" | "interrupted"
  readonly message: string
  /** The HTTP status of the model's provider. */
  readonly status?: number
}

export interface UserInfo {
  readonly id: MessageId
  readonly sessionID: SessionId
  readonly role: "user"
  readonly time: { readonly created: number }
  readonly agent?: string
}

/** One step of the model: a turn has an assistant message for each. */
export interface AssistantInfo {
  readonly id: MessageId
  readonly sessionID: SessionId
  readonly role: "assistant"
  /** The user message that this one answers. */
  readonly parentID: MessageId
  readonly time: { readonly created: number; readonly completed?: number }
  readonly agent?: string
  /** As `provider/model`. */
  readonly model?: string
  readonly cost?: number
  readonly tokens?: Tokens
  /**
   * Why the model stopped: `stop`, `length`, `tool-calls`, … Can be set before `time.completed`, so it does not prove that
   * the message is final.
   */
  readonly finish?: string
  readonly error?: Failure
  /** While opencode waits to retry the provider. */
  readonly retry?: Retry
  /** Whether it is a summary of the conversation, made when the conversation is compacted. */
  readonly summary?: boolean
}

export type MessageInfo = UserInfo | AssistantInfo

export interface PartBase {
  /** Unique within the session, and the same in events and in stored messages. */
  readonly id: string
  readonly messageID: MessageId
}

export interface PartTime {
  readonly start: number
  readonly end?: number
}

export interface TextPart extends PartBase {
  readonly type: "text"
  readonly text: string
  /** Whether opencode added it for the model only. */
  readonly synthetic?: boolean
  /** No `end` while the text is streaming. */
  readonly time?: PartTime
}

export interface ReasoningPart extends PartBase {
  readonly type: "reasoning"
  readonly text: string
  /** No `end` while the text is streaming. */
  readonly time?: PartTime
}

export interface FilePart extends PartBase {
  readonly type: "file"
  readonly mime: string
  readonly filename?: string
}

export type ToolInput = Readonly<Record<string, unknown>>

/** What a tool reports about its work besides its output. */
export interface ToolReport {
  /** The exit status of a command. */
  readonly exit?: number
  /** Lines that an edit has added and removed. */
  readonly added?: number
  readonly removed?: number
}

/** `time` is absent if it is unknown. */
export type ToolState =
  | { readonly status: "pending"; readonly input: ToolInput }
  | { readonly status: "running"; readonly input: ToolInput; readonly time?: PartTime }
  | {
      readonly status: "completed"
      readonly input: ToolInput
      readonly output: string
      readonly time?: PartTime
      readonly report?: ToolReport
      /** Whether the work continued in the background when the call returned. */
      readonly background?: boolean
    }
  | { readonly status: "error"; readonly input: ToolInput; readonly error: string; readonly time?: PartTime }

export interface ToolPart extends PartBase {
  readonly type: "tool"
  readonly tool: string
  readonly callID: string
  readonly state: ToolState
}

/** The files that a step has changed. */
export interface PatchPart extends PartBase {
  readonly type: "patch"
  /** Absolute paths. */
  readonly files: ReadonlyArray<string>
}

export interface SubtaskPart extends PartBase {
  readonly type: "subtask"
  readonly description: string
  readonly agent: string
}

/** In a user message: a request to summarise the conversation. */
export interface CompactionPart extends PartBase {
  readonly type: "compaction"
  /** Whether opencode made the request automatically. */
  readonly auto?: boolean
}

/** The start of a model step. */
export interface StepPart extends PartBase {
  readonly type: "step"
  /** Whether opencode recorded the state of the files before the step. Without a snapshot, the turn has no diff. */
  readonly snapshot: boolean
}

/** What opencode itself told the agent. */
export interface NotePart extends PartBase {
  readonly type: "note"
  /** `restart`: opencode was restarted during the turn, and continues it. */
  readonly about: "restart" | "other"
  readonly text: string
}

export type Part =
  | TextPart
  | ReasoningPart
  | FilePart
  | ToolPart
  | PatchPart
  | SubtaskPart
  | CompactionPart
  | StepPart
  | NotePart

export interface Message {
  readonly info: MessageInfo
  /** Parts of a type that is not declared here are left out. */
  readonly parts: ReadonlyArray<Part>
}
