/** Sessions and their status. Times are epoch milliseconds. */
import type { MessageId, SessionId } from "../Identifiers.ts"

export interface Session {
  readonly id: SessionId
  readonly title: string
  /** The directory that the session works in. */
  readonly directory: string
  /** The git repository with all its worktrees, if the server reports one. */
  readonly project?: string
  /** The session whose agent started this one as a subagent. */
  readonly parentID?: SessionId
  /** The first message that was undone (`/undo` in the terminal). It and all later ones are removed at the next prompt. */
  readonly undoneFrom?: MessageId
  /**
   * The agent that its person chose last. Absent before the first turn unless it was created with one; on opencode 2, unless
   * one was chosen.
   */
  readonly agent?: string
  /** The model that its person chose last, as `provider/model`. Absent like `agent`. */
  readonly model?: string
  /** The variant of the model. Absent if it is the default. */
  readonly variant?: string
  readonly time: {
    readonly created: number
    readonly updated: number
    readonly archived?: number
    /** When its last turn ended, if the server stores that. */
    readonly idle?: number
  }
}

/** A directory and its project: of a session, or one that opencode knows. */
export type Placed = Pick<Session, "directory" | "project">

/** A turn that another server of the same user is running, as far as is known: each server knows only its own turns. */
export interface Elsewhere {
  /** When the turn counts as over if it stores nothing more, in epoch milliseconds. */
  readonly until: number
  /** The instance of the fleet that says that it is running it. */
  readonly at?: string
  /** Without such an instance: the process that is probably running it, if the server is on this machine. */
  readonly pid?: number
}

/** A wait for the model's provider, which has failed. */
export interface Retry {
  /** The number of the next attempt. */
  readonly attempt: number
  /** Why the last attempt failed. */
  readonly message: string
  /** When the next attempt starts, in epoch milliseconds. */
  readonly next: number
}

/** A session that waits for a person is `busy`. */
export type SessionStatus = { readonly type: "idle" } | { readonly type: "busy" } | ({ readonly type: "retry" } & Retry)

/** Tokens that a model step has used. */
export interface Tokens {
  readonly input: number
  readonly output: number
  readonly reasoning: number
}
