/**
 * The port: what can be asked of one opencode server, in the words of the domain. Each version of opencode's API has an
 * implementation (`v1/`); nothing else knows a wire format.
 */
import { Context, type Duration, type Effect, type Stream } from "effect"
import type { FileDiff } from "./changes/FileDiff.ts"
import type { ClientError } from "./errors.ts"
import type { TurnEvent } from "./events/TurnEvent.ts"
import type { MessageId, SessionId } from "./Identifiers.ts"
import type { Decision, PendingRequest } from "./requests/PendingRequest.ts"
import type { Message } from "./sessions/Message.ts"
import type { Session, SessionStatus } from "./sessions/Session.ts"
import type { Target } from "./Target.ts"

/** How the versions of opencode differ, where that matters to a caller. */
export interface Capabilities {
  /** How long after `Connected` events may still be missing. */
  readonly eventsSettleAfter: Duration.Input
  /** A connection that has sent nothing for this long is broken: longer than the interval of the server's heartbeats. */
  readonly eventsSilence: Duration.Input
  /** Whether everything about a turn is stored when its session becomes idle. */
  readonly idleIsFinal: boolean
  /** Whether the message of a rejection reaches the agent. */
  readonly rejectionHasMessage: boolean
  /** Whether an abort leaves pending requests behind that nothing waits for any more. */
  readonly abortLeavesRequests: boolean
  /**
   * `none`: prompts that reach a busy session are merged, and only the newest is answered. `server`: the server queues
   * prompts and answers each.
   */
  readonly promptQueue: "none" | "server"
  /** Whether a prompt whose id is already stored has no effect, so that repeating one is safe. */
  readonly idempotentPrompts: boolean
  /** What `statuses` and `pendingRequests` cover: the directory that is named, or everything on the server. */
  readonly statusScope: "directory" | "server"
}

export interface ServerHealth {
  readonly healthy: boolean
  readonly version: string
}

/** Where a server works. */
export interface ServerLocation {
  /** The directory that it was started in, links resolved. */
  readonly directory: string
  /** The root of the repository that the directory belongs to; undefined if there is none. */
  readonly worktree: string | undefined
}

/** A page of a conversation, oldest message first. */
export interface MessagePage {
  readonly messages: ReadonlyArray<Message>
  /** An opaque cursor: as `before`, it leads to the older messages. Undefined at the beginning of the session. */
  readonly older: string | undefined
}

export interface Prompt {
  /** Must be fresh for each prompt: opencode 1 appends the text of a repeated id to the older message. */
  readonly messageID: MessageId
  readonly text: string
  readonly agent?: string
  /** As `provider/model`. */
  readonly model?: string
  /**
   * What becomes of the prompt in a busy session whose server has a queue ({@link Capabilities}): `steer` hands it to the
   * running turn, `queue` has it answered afterwards. Default: `queue`.
   */
  readonly delivery?: "steer" | "queue"
}

export interface SessionOptions {
  readonly title?: string
  /** Default: the directory that the server was started in. */
  readonly directory?: string
}

/** One opencode server. Every request is bounded in time. Reads are tried up to three times, writes once. */
export interface Opencode {
  readonly capabilities: Capabilities
  /** Tried once, so that a probe reports the current state. `timeout` in milliseconds. */
  readonly health: (timeout: number) => Effect.Effect<ServerHealth, ClientError>
  /** `timeout` in milliseconds. */
  readonly location: (timeout: number) => Effect.Effect<ServerLocation, ClientError>
  /** The directory of {@link ServerLocation}. */
  readonly directory: Effect.Effect<string, ClientError>
  /**
   * An opaque text that differs between machines, and is the same for all servers that work in one project of one user;
   * undefined if the server does not say. `timeout` in milliseconds.
   */
  readonly machineMark: (timeout: number) => Effect.Effect<string | undefined, ClientError>
  /** Names of the agents that a prompt may name. */
  readonly agents: (directory: string) => Effect.Effect<ReadonlyArray<string>, ClientError>
  /** Models that a prompt may name, as `provider/model`. */
  readonly models: (directory: string) => Effect.Effect<ReadonlyArray<string>, ClientError>
  /** Whether the directory belongs to a git repository. */
  readonly inGit: (directory: string) => Effect.Effect<boolean, ClientError>

  /** All sessions that are not archived, the one updated last first. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session>, ClientError>
  /** The first `limit` of {@link Opencode.sessions}, archived ones counted but left out. */
  readonly newestSessions: (limit: number) => Effect.Effect<ReadonlyArray<Session>, ClientError>
  readonly session: (id: SessionId) => Effect.Effect<Session, ClientError>
  readonly createSession: (options: SessionOptions) => Effect.Effect<Session, ClientError>
  /** The sessions that are not idle, by id. */
  readonly statuses: (directory: string) => Effect.Effect<ReadonlyMap<string, SessionStatus>, ClientError>
  readonly messages: (
    session: SessionId,
    page: { readonly limit: number; readonly before?: string },
  ) => Effect.Effect<MessagePage, ClientError>
  /** Fails with `SessionNotFound` if there is no such message, too. */
  readonly message: (session: SessionId, id: MessageId) => Effect.Effect<Message, ClientError>
  /** What the turn of a user message has changed; empty for every other message. */
  readonly diff: (session: SessionId, message: MessageId) => Effect.Effect<ReadonlyArray<FileDiff>, ClientError>

  /** Returns when opencode has accepted the prompt. It says nothing about the turn. */
  readonly prompt: (session: SessionId, prompt: Prompt) => Effect.Effect<void, ClientError>
  /** Stops the turn of a session. `wasRunning` is undefined if the server does not say whether one was running. */
  readonly abort: (session: SessionId) => Effect.Effect<{ readonly wasRunning: boolean | undefined }, ClientError>

  /** What turns wait for a person to decide, including what an abort has left behind ({@link Capabilities}). */
  readonly pendingRequests: (directory: string) => Effect.Effect<ReadonlyArray<PendingRequest>, ClientError>
  /** Tells opencode the decision; `directory` is that of the session. False if the request had been settled before. */
  readonly decide: (directory: string, decision: Decision) => Effect.Effect<boolean, ClientError>

  /** Connects, and then gives what happens in all directories. The stream ends or fails with the connection. */
  readonly events: Effect.Effect<Stream.Stream<TurnEvent, unknown>, ClientError>
}

export class OpencodeClient extends Context.Service<
  OpencodeClient,
  {
    /** Makes no request. */
    readonly at: (target: Target) => Opencode
  }
>()("opencode-fleet/opencode/OpencodeClient") {}
