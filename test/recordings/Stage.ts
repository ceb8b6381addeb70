/** A session of a real opencode that is being recorded, and what a scenario can do in it, whichever version it has. */
import type { Effect } from "effect"

/** Something that a scenario waits for; the events that show it depend on the version. */
export type Moment =
  | "text was streamed"
  | "a permission is open"
  | "a question is open"
  | "the provider will be asked again"
  | "the session was compacted"
  | "a turn failed"
  | "a turn ended"

/** A prompt by its message's id, and how many entries the log had before it. */
export interface Prompted {
  readonly prompt: string
  readonly begun: number
}

/** What opencode answers about the session and those of its subagents, at the time when the log had `after` entries. */
export interface Snapshot {
  readonly after: number
}

export interface PermissionReply {
  readonly reply: "once" | "always" | "reject"
  readonly message?: string
}

export interface PromptOptions {
  readonly agent?: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
}

type Action<A = unknown> = Effect.Effect<A, unknown>

export interface Stage {
  readonly session: string
  readonly log: Effect.Effect<ReadonlyArray<unknown>>
  /** The sessions of its subagents so far. */
  readonly children: Effect.Effect<ReadonlyArray<string>>
  /** Waits for the first event that shows it. */
  readonly until: (moment: Moment) => Action
  readonly snapshot: Action<Snapshot>
  /** The id of the only open request. */
  readonly pending: (kind: "permission" | "question") => Action<string>
  readonly prompt: (text: string, options?: PromptOptions) => Action<Prompted>
  readonly abort: Action
  readonly summarize: Action
  readonly replyPermission: (id: string, reply: PermissionReply) => Action
  /** `answers`: the chosen labels of each question. */
  readonly replyQuestion: (id: string, answers: ReadonlyArray<ReadonlyArray<string>>) => Action
  readonly rejectQuestion: (id: string) => Action
  /** Waits until the session is idle and no event has arrived for a while. */
  readonly idle: Action
  /** Kills opencode and starts it again, then continues recording. */
  readonly restart: Action
}
