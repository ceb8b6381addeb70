/** The pending requests and the activity of one instance, as of its last report. */
import type { HashMap } from "effect"
import type { PermissionId, QuestionId, SessionId } from "../../opencode/Identifiers.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import { line } from "../../text/plainText.ts"

/** A permission or a question that an agent waits for, as one line of text. */
export interface WaitingRequest {
  readonly kind: PendingRequest["kind"]
  readonly id: PermissionId | QuestionId
  /** The requesting session; for a subagent, its own. */
  readonly session: SessionId
  /** The title of that session, if known. */
  readonly title: string | undefined
  readonly about: string
}

/** A directory in which sessions of an instance work. */
export interface Project {
  readonly directory: string
  /** The number of its sessions that are not idle, subagents included. */
  readonly active: number
}

/** The session that was updated last. */
export interface LastSession {
  /** For a subagent's session, the title of the session that it works for. */
  readonly title: string
  /** Epoch milliseconds. */
  readonly updated: number
}

/** The pending requests and the activity of an instance, or why they are unknown. */
export type PendingReport = {
  /** When the instance was asked, in epoch milliseconds. */
  readonly askedAt: number
} & (
  | {
      readonly known: true
      /** The directories in which opencode cannot work, so their requests are unknown, with its reasons. */
      readonly broken?: ReadonlyArray<{ readonly directory: string; readonly reason: string }>
      /** What the instance reported and this version does not understand. It may be pending requests. */
      readonly notUnderstood?: string
      /** The number of pending requests. */
      readonly count: number
      /** The first of them. */
      readonly waiting: ReadonlyArray<WaitingRequest>
      /** The number of sessions that are not idle, subagents included. */
      readonly active: number
      /** Undefined if there is no session. */
      readonly lastSession: LastSession | undefined
      /** The directories of its active and recent sessions: active ones first, then the most recently used. */
      readonly projects: ReadonlyArray<Project>
      /** The number of projects, of which `projects` may contain only the first. */
      readonly projectCount: number
    }
  | { readonly known: false; readonly reason: string }
)

/** By the instance's URL. An instance that is not online or has not been asked yet has no report. */
export type PendingReports = HashMap.HashMap<string, PendingReport>

/** `title` is the title of the requesting session. */
export const waitingRequest = (title: string | undefined, pending: PendingRequest): WaitingRequest => ({
  kind: pending.kind,
  id: pending.request.id,
  session: pending.request.sessionID,
  title: title === undefined ? undefined : line(title),
  about: describe(pending),
})
