/**
 * The port to one opencode server: everything that can be asked of it, in domain types. Each version of opencode's API has an
 * implementation (`v1/`, `v2/`); nothing else knows a wire format.
 */
import { Context, type Duration, type Effect, type Stream } from "effect"
import type { FileDiff } from "./changes/FileDiff.ts"
import type { ClientError } from "./errors.ts"
import type { TurnEvent } from "./events/TurnEvent.ts"
import type { MessageId, SessionId } from "./Identifiers.ts"
import type { Decision, PendingRequest } from "./requests/PendingRequest.ts"
import type { Message, ToolState } from "./sessions/Message.ts"
import type { PermissionRule } from "./sessions/PermissionRule.ts"
import type { Elsewhere, Placed, Session, SessionStatus } from "./sessions/Session.ts"
import type { ApiVersion, Target } from "./Target.ts"

/** The differences between the versions of opencode that matter to a caller. */
export interface Capabilities {
  /** How long events may still be missed after `Connected`. */
  readonly eventsSettleAfter: Duration.Input
  /** A connection that has sent nothing for this long is broken: longer than the interval of the server's heartbeats. */
  readonly eventsSilence: Duration.Input
  /** Whether everything about a turn is stored when its session becomes idle. */
  readonly idleIsFinal: boolean
  /** opencode stops a turn in whose directory nothing has happened for this long, even if it waits for a person. */
  readonly stopsSilentTurnsAfter?: Duration.Input
  /** Whether the message of a rejection reaches the agent. */
  readonly rejectionHasMessage: boolean
  /** Whether an abort leaves behind pending requests that no turn waits for. */
  readonly abortLeavesRequests: boolean
  /**
   * `none`: prompts that reach a busy session are merged, and only the newest is answered. `server`: the server queues
   * prompts and answers each.
   */
  readonly promptQueue: "none" | "server"
  /** Whether a prompt whose id is already stored has no effect, so that repeating one is safe. */
  readonly idempotentPrompts: boolean
  /** Whether a slash command takes the id of the message that it becomes. */
  readonly commandsTakeIds: boolean
  /** How long agents, models and commands may be missing in a directory that the server is loading. Default: not at all. */
  readonly namesSettleAfter?: Duration.Input
  /** What `statuses` and `pendingRequests` cover: the given directory, or everything on the server. */
  readonly statusScope: "directory" | "server"
  /** Whether `statuses` reports retries. Otherwise only the newest answer of a session does. */
  readonly statusHasRetry: boolean
}

export interface ServerHealth {
  /** Whether it can be used. */
  readonly healthy: boolean
  /** Whether it cannot be used yet. */
  readonly starting?: boolean
  /** Why it cannot be used: the server's reason. */
  readonly reason?: string | undefined
  readonly version: string
  readonly api: ApiVersion
}

/** The directory that a server works in. */
export interface ServerLocation {
  /** The directory that it was started in, with links resolved. */
  readonly directory: string
  /** The root of the repository that the directory belongs to; undefined if there is none. */
  readonly worktree: string | undefined
}

/** A page of a conversation, oldest message first. */
export interface MessagePage {
  readonly messages: ReadonlyArray<Message>
  /** An opaque cursor for the older messages: pass it as `before`. Undefined at the beginning of the session. */
  readonly older: string | undefined
  /** The cursor of the messages before one of these. */
  readonly olderThan: (message: Message) => Effect.Effect<string | undefined, ClientError>
}

/** The number of messages on a page. */
export interface CountedPage {
  readonly count: number
  /** As in {@link MessagePage}. */
  readonly older: string | undefined
  /** Size of the answer; 0 if it is not known. */
  readonly bytes: number
}

/** The agent and the model that answer a prompt. */
export interface PromptChoice {
  readonly agent?: string
  /** As `provider/model`. */
  readonly model?: string
  /** A variant of the model, such as its reasoning effort. */
  readonly variant?: string
  /** Set by `prepare`: no other server was running a turn in the session, so that is not checked again. */
  readonly isPrepared?: boolean
}

export interface Prompt extends PromptChoice {
  /** Must be fresh for each prompt, unless `mayBeStored` is set: opencode 1 appends the text of a repeated id to the older message. */
  readonly messageID: MessageId
  readonly text: string
  /**
   * What becomes of the prompt in a busy session whose server has a queue ({@link Capabilities}): `steer` hands it to the
   * running turn, `queue` has it answered afterwards. Default: `queue`.
   */
  readonly delivery?: "steer" | "queue"
  /**
   * Set if an earlier attempt may have stored the prompt. A server with `idempotentPrompts` is then asked what it has, and
   * runs the prompt once.
   */
  readonly mayBeStored?: boolean
}

/** A slash command for the agent. opencode makes a message from its template. */
export interface SlashCommand extends PromptChoice {
  /** The id of that message, if the server takes one ({@link Capabilities}). */
  readonly messageID: MessageId
  /** Without the slash. */
  readonly name: string
  readonly arguments: string
  /** As for a prompt. */
  readonly delivery?: "steer" | "queue"
}

/** What a slash command has started. */
export interface StartedCommand {
  /** The message that it has become. */
  readonly prompt: MessageId
  /** The session of that message, if the command works in a subagent of its own. */
  readonly subagent?: Session
}

/** A prompt in the server's queue: accepted, and not yet handed to the agent. */
export interface QueuedPrompt {
  readonly id: MessageId
  readonly text: string
}

export interface SessionOptions {
  readonly title?: string
  /** An absolute path, which must exist on the server's machine. Default: the directory that the server was started in. */
  readonly directory?: string
  /** opencode does not check that it exists. Default: opencode's own. */
  readonly agent?: string
  /** As `provider/model`. opencode does not check that it exists. Default: the agent's own. */
  readonly model?: string
  /** They come after opencode's own rules; the last rule that matches counts. */
  readonly permissions?: ReadonlyArray<PermissionRule>
}

/** An agent or a slash command. */
export interface Described {
  readonly name: string
  readonly description?: string
}

/** One opencode server. Every request has a timeout. Reads are tried up to three times, writes once. */
export interface Opencode {
  /** Those of the server's version, which is known after the first answer; until then, those of opencode 1. */
  readonly capabilities: Capabilities
  /** Not retried, so that a probe reports the current state. `timeout` in milliseconds. */
  readonly health: (timeout: number) => Effect.Effect<ServerHealth, ClientError>
  /** `timeout` in milliseconds. */
  readonly location: (timeout: number) => Effect.Effect<ServerLocation, ClientError>
  /** The directory of {@link ServerLocation}. */
  readonly directory: Effect.Effect<string, ClientError>
  /**
   * An opaque text that differs between machines, and is the same for all servers of one user that work in one project;
   * undefined if the server does not report one. `timeout` in milliseconds.
   */
  readonly machineMark: (timeout: number) => Effect.Effect<string | undefined, ClientError>
  /** Names of the agents that a prompt may name. */
  readonly agents: (directory: string) => Effect.Effect<ReadonlyArray<string>, ClientError>
  /** Models that a prompt may name, as `provider/model`. */
  readonly models: (directory: string) => Effect.Effect<ReadonlyArray<string>, ClientError>
  /** The model of a session that has chosen none; undefined if opencode does not report one. */
  readonly defaultModel: (directory: string) => Effect.Effect<string | undefined, ClientError>
  /** The agents that a prompt may name. */
  readonly describedAgents: (directory: string) => Effect.Effect<ReadonlyArray<Described>, ClientError>
  /** The slash commands, without the slash. */
  readonly commands: (directory: string) => Effect.Effect<ReadonlyArray<Described>, ClientError>
  /** The directories of the projects that opencode knows, with their worktrees. */
  readonly projects: Effect.Effect<ReadonlyArray<Placed>, ClientError>
  /**
   * Creates a git worktree of the directory's project, and returns its directory when its files are there. opencode
   * chooses another name if the name is taken.
   */
  readonly createWorktree: (directory: string, name: string) => Effect.Effect<string, ClientError>
  /** Whether the directory belongs to a git repository. */
  readonly inGit: (directory: string) => Effect.Effect<boolean, ClientError>

  /** All sessions that are not archived, most recently updated first. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session>, ClientError>
  /** The `limit` most recently updated sessions, minus the archived ones. */
  readonly newestSessions: (limit: number) => Effect.Effect<ReadonlyArray<Session>, ClientError>
  readonly session: (id: SessionId) => Effect.Effect<Session, ClientError>
  /** Whether the directory exists on the server's machine. */
  readonly hasDirectory: (directory: string) => Effect.Effect<boolean, ClientError>
  /** Fails with `DirectoryNotFound` if the directory does not exist. */
  readonly createSession: (options: SessionOptions) => Effect.Effect<Session, ClientError>
  /** Creates a session with a copy of the conversation. `before`: only of the messages before this one, which must exist. */
  readonly forkSession: (session: SessionId, before?: MessageId) => Effect.Effect<Session, ClientError>
  /**
   * Those of these sessions, which this server reports as idle, in which another server of the same user is running a turn.
   * `prepare`, `prompt` and `runCommand` fail for them with `RunsElsewhere`.
   */
  readonly runningElsewhere: (
    sessions: ReadonlyArray<Session>,
  ) => Effect.Effect<ReadonlyMap<SessionId, Elsewhere>, ClientError>
  /** The sessions that are not idle, by id. */
  readonly statuses: (directory: string) => Effect.Effect<ReadonlyMap<string, SessionStatus>, ClientError>
  readonly messages: (
    session: SessionId,
    page: { readonly limit: number; readonly before?: string },
  ) => Effect.Effect<MessagePage, ClientError>
  /** The number of messages on a page, those included that cannot be understood. Where possible, they are not read. */
  readonly countMessages: (
    session: SessionId,
    page: { readonly limit: number; readonly before?: string },
  ) => Effect.Effect<CountedPage, ClientError>
  /** Fails with `SessionNotFound` also if there is no such message. */
  readonly message: (session: SessionId, id: MessageId) => Effect.Effect<Message, ClientError>
  /**
   * The file changes of the turn that this user message started; empty for any other message. `version` is the one that the
   * server reports, because older ones tell them in another place.
   */
  readonly diff: (
    session: SessionId,
    message: MessageId,
    version?: string,
  ) => Effect.Effect<ReadonlyArray<FileDiff>, ClientError>

  /**
   * Reads what must be known before a prompt to an idle session, so that it can be read beside the session's status. Fails
   * if another server is running a turn in the session.
   *
   * Returns the choice, completed with the session's own agent, model and variant where the server would otherwise take its
   * defaults: opencode 1 answers a prompt without an agent with the default agent, even in a session whose person chose
   * another.
   */
  readonly prepare: (session: SessionId, choice: PromptChoice) => Effect.Effect<PromptChoice, ClientError>
  /** Returns when opencode has accepted the prompt, whatever happens in the turn. */
  readonly prompt: (session: SessionId, prompt: Prompt) => Effect.Effect<void, ClientError>
  /**
   * Returns when opencode has stored the command's message, whatever happens in the turn. opencode runs the shell commands of
   * the template before, which may take minutes. Fails with `EffectUncertain` if the message cannot be found.
   */
  readonly runCommand: (session: SessionId, command: SlashCommand) => Effect.Effect<StartedCommand, ClientError>
  /** The prompts in the server's queue, the next one first; always empty without a queue ({@link Capabilities}). */
  readonly queuedPrompts: (session: SessionId) => Effect.Effect<ReadonlyArray<QueuedPrompt>, ClientError>
  /** Takes a prompt out of the server's queue. Does nothing if it is not there. */
  readonly withdrawPrompt: (session: SessionId, prompt: MessageId) => Effect.Effect<void, ClientError>
  /** Has opencode count the session as not silent ({@link Capabilities}). */
  readonly keepAwake: (session: SessionId) => Effect.Effect<void, ClientError>
  /** Stops the turn of a session. `wasRunning` is undefined if the server does not report it. */
  readonly abort: (session: SessionId) => Effect.Effect<{ readonly wasRunning: boolean | undefined }, ClientError>

  /**
   * The requests that turns wait for a person to decide, as opencode has them: including those that an abort left behind
   * ({@link Capabilities}), and permissions without the arguments of their tool calls.
   */
  readonly pendingRequests: (directory: string) => Effect.Effect<ReadonlyArray<PendingRequest>, ClientError>
  /** The tool calls of a message, by their ids. */
  readonly toolCalls: (
    session: SessionId,
    message: MessageId,
  ) => Effect.Effect<ReadonlyMap<string, ToolState>, ClientError>
  /** Sends the decision; `directory` is that of the session. False if the request was already settled. */
  readonly decide: (directory: string, decision: Decision) => Effect.Effect<boolean, ClientError>

  /** Connects, and then streams the events of all directories. The stream ends or fails with the connection. */
  readonly events: Effect.Effect<Stream.Stream<TurnEvent, unknown>, ClientError>
}

export class OpencodeClient extends Context.Service<
  OpencodeClient,
  {
    /** Makes no request. */
    readonly at: (target: Target) => Opencode
  }
>()("opencode-fleet/opencode/OpencodeClient") {}
