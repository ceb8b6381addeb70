/** What a person is told about: an agent waits or has ended its turn, or an instance is gone. */
import type { PermissionId, QuestionId, SessionId } from "../opencode/Identifiers.ts"
import type { PendingRequest } from "../opencode/requests/PendingRequest.ts"

export const eventKinds = ["waiting", "done", "failed", "gone"] as const

export type EventKind = (typeof eventKinds)[number]

/** The session that a person has started. A subagent's event belongs to it. */
export interface EventSession {
  readonly id: SessionId
  /** Absent if opencode did not tell it. */
  readonly title?: string
  readonly directory?: string
}

interface Common {
  /** The same for one event however it is learnt, also after a restart and at another instance with the same sessions. */
  readonly key: string
  /** The name of the instance. */
  readonly instance: string
  /** The instance's URL. */
  readonly url: string
  /** When it was noticed, in epoch milliseconds. */
  readonly at: number
}

export type FleetEvent =
  | (Common & {
      readonly kind: "waiting"
      readonly session: EventSession
      readonly request: {
        readonly id: PermissionId | QuestionId
        readonly kind: PendingRequest["kind"]
        /** The request in one line. */
        readonly about: string
      }
    })
  | (Common & {
      readonly kind: "done" | "failed"
      readonly session: EventSession
      /** The agent's last text, or why it failed. */
      readonly text: string
    })
  | (Common & { readonly kind: "gone"; readonly reason: string })
