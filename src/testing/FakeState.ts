/** The state of a fake opencode: what it stores, the requests it received, and the events that a test sends from it. */
import type { FileDiff } from "../opencode/changes/FileDiff.ts"
import type { MessageId, PermissionId, QuestionId, SessionId } from "../opencode/Identifiers.ts"
import type { Message, Part } from "../opencode/sessions/Message.ts"
import type { WireEvent } from "../opencode/v1/wire/WireEvent.ts"
import type { PermissionReply, PermissionRequest, QuestionRequest } from "../opencode/requests/PendingRequest.ts"
import type { Session, SessionStatus } from "../opencode/sessions/Session.ts"
import type { WireModel } from "../opencode/v2/wire/WireModel.ts"
import type { FakeCommand } from "./FakeCommand.ts"
import type { Fault } from "./Fault.ts"
import { aborted, assistant, done, event, msg, textPart, user } from "./samples.ts"

export interface LoggedRequest {
  /** `GET /session` */
  readonly route: string
  readonly query: Readonly<Record<string, string>>
}

export interface StoredPrompt {
  readonly session: SessionId
  readonly messageID: MessageId
  readonly text: string
  readonly agent?: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  /** Only on opencode 1. */
  readonly variant?: string
  /** Only on opencode 2, as the fields below. */
  readonly delivery?: "steer" | "queue"
  readonly resume?: boolean
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface FakeOptions {
  /** The version of opencode's API. Default: 1. */
  readonly api?: 1 | 2
}

/** A received decision. */
export type Reply =
  | ({ readonly id: PermissionId } & PermissionReply)
  | { readonly id: QuestionId; readonly answers: ReadonlyArray<ReadonlyArray<string>> }
  | { readonly id: QuestionId; readonly reply: "reject" }

const interruptedPart = (part: Part): Part =>
  part.type === "tool" && (part.state.status === "running" || part.state.status === "pending")
    ? { ...part, state: { status: "error", input: part.state.input, error: "Tool execution interrupted" } }
    : part

/** Tests fill and inspect these fields directly. */
export class FakeState {
  readonly api: 1 | 2
  /** opencode 2 always has a password. */
  credentials: { readonly username: string; readonly password: string } | undefined
  /** The directory in which the server was started (opencode 1). */
  directory = "/work/project"
  /** What it reports as its version. */
  version: string
  sessions: Array<Session> = []
  readonly messages = new Map<SessionId, Array<Message>>()
  readonly statuses = new Map<SessionId, SessionStatus>()
  permissions: Array<PermissionRequest> = []
  questions: Array<QuestionRequest> = []
  readonly diffs = new Map<MessageId, ReadonlyArray<FileDiff>>()
  inGit = true
  readonly missingDirectories = new Set<string>()
  /** Only on opencode 1: directories with an invalid configuration, and opencode's reason. Requests about one are refused. */
  readonly brokenDirectories = new Map<string, string>()
  /** Only on opencode 1: messages that it cannot encode. It answers 400 to each request whose answer would hold one. */
  readonly unreadable = new Set<MessageId>()
  agents: Array<{
    readonly name: string
    readonly mode: string
    readonly model?: { readonly providerID: string; readonly modelID: string }
  }> = [{ name: "build", mode: "primary" }]
  providers: Array<{ readonly id: string; readonly models: Readonly<Record<string, { readonly id: string }>> }> = [
    { id: "scripted", models: { small: { id: "small" } } },
  ]
  /** As `provider/model`. */
  defaultModel: string | undefined = "scripted/small"
  commands: Array<FakeCommand> = [{ name: "init", description: "Create AGENTS.md", template: "Create AGENTS.md" }]
  /** Further projects that opencode 1 knows. The one of `directory` is always listed, without an id. */
  projects: ReadonlyArray<{ readonly id: string; readonly worktree: string }> = []
  /** The directories of the worktrees, in the order of their creation. */
  readonly worktrees: Array<string> = []
  /** The permission rules that sessions were created with, as they were sent. */
  readonly permissionRules = new Map<SessionId, ReadonlyArray<Readonly<Record<string, string>>>>()
  /** When a prompt or an answer is stored, in epoch milliseconds. By default, all are as old as the samples. */
  now: () => number = () => 1000
  heartbeats = true
  /** Only on opencode 2: whether the server is still starting, or could not start. */
  readiness: "ready" | "starting" | "failed" = "ready"
  pid = 4242
  /** Only on opencode 2: prompts that are not delivered yet, by session. */
  readonly inbox = new Map<SessionId, Array<StoredPrompt>>()
  /** Only on opencode 2: the agent and the model that were selected for a session. */
  readonly selected = new Map<SessionId, { readonly agent?: string; readonly model?: WireModel }>()
  /** Only on opencode 2: the metadata of prompts. */
  readonly metadata = new Map<MessageId, Readonly<Record<string, unknown>>>()
  /** Only on opencode 2: the metadata of sessions. */
  readonly sessionMetadata = new Map<SessionId, Readonly<Record<string, unknown>>>()

  readonly requests: Array<LoggedRequest> = []
  readonly prompts: Array<StoredPrompt> = []
  /** The slash commands that were run, with their arguments as they were sent. */
  readonly ran: Array<{ readonly name: string; readonly arguments: string }> = []
  readonly replies: Array<Reply> = []
  readonly aborts: Array<SessionId> = []
  /** The open event streams, as functions that end them. */
  readonly connections = new Set<() => void>()
  /** Only on opencode 1: what sends events that concern no turn to its connections. */
  readonly reporters = new Set<(directory: string, event: unknown) => void>()
  /** What sends the events of the fake to its connections. */
  readonly listeners = new Set<(event: WireEvent) => void>()
  private readonly faults: Array<{ readonly route: string; readonly fault: Fault; times: number }> = []

  constructor({ api = 1 }: FakeOptions = {}) {
    this.api = api
    this.version = api === 1 ? "1.18.33" : "2.0.15"
    this.credentials = api === 1 ? undefined : { username: "opencode", password: "fake-password" }
  }

  /**
   * Runs for each prompt before the request is answered. By default the prompt is stored and its session becomes busy. On
   * opencode 2, a prompt to a busy session waits in the inbox first.
   */
  onPrompt: (prompt: StoredPrompt) => void = (prompt) => this.take(prompt)

  take({ messageID, metadata, session, text }: StoredPrompt) {
    if (metadata !== undefined) this.metadata.set(messageID, metadata)
    const { info, parts } = user(messageID, text, session)
    const message: Message = { info: { ...info, time: { created: this.now() } }, parts }
    this.store(session, message)
    this.statuses.set(session, { type: "busy" })
    this.emit(event.message(message.info), event.busy(session))
  }

  /** Completes the turn of every future prompt immediately, with this answer. */
  answerWith(answer: (prompt: StoredPrompt) => string) {
    this.onPrompt = (prompt) => {
      this.take(prompt)
      this.complete(prompt, answer(prompt))
    }
  }

  /** Completes the turn of a prompt with an answer. Its session becomes idle, or the next prompt of the inbox is delivered. */
  complete({ messageID, session }: StoredPrompt, answer: string) {
    const id = msg(`answer_to_${messageID}`)
    const created = this.now() + 100
    const info = assistant(id, messageID, { ...done(), time: { created, completed: created + 100 } }, session)
    const part = textPart(id, answer)
    this.store(session, { info, parts: [part] })
    this.emit(
      event.message(assistant(id, messageID, { time: { created } }, session)),
      event.part(part),
      event.message(info),
    )
    if (!this.deliver(session)) this.makeIdle(session)
  }

  private makeIdle(session: SessionId) {
    this.statuses.delete(session)
    this.emit(...event.idle(session))
  }

  enqueue(prompt: StoredPrompt) {
    this.inbox.set(prompt.session, [...(this.inbox.get(prompt.session) ?? []), prompt])
  }

  cancel(session: SessionId, prompt: MessageId) {
    this.inbox.set(
      session,
      (this.inbox.get(session) ?? []).filter(({ messageID }) => messageID !== prompt),
    )
  }

  /** Delivers the next prompt of the inbox. False if there is none. */
  deliver(session: SessionId): boolean {
    const next = this.inbox.get(session)?.[0]
    if (next === undefined) return false
    this.cancel(session, next.messageID)
    this.onPrompt(next)
    return true
  }

  /** Delivers the prompts that steer the running turn. */
  steer(session: SessionId) {
    for (const prompt of this.inbox.get(session) ?? []) {
      if (prompt.delivery !== "steer") continue
      this.cancel(session, prompt.messageID)
      this.take(prompt)
    }
  }

  select(session: SessionId, selected: { readonly agent?: string; readonly model?: WireModel }) {
    this.selected.set(session, { ...this.selected.get(session), ...selected })
  }

  /**
   * Stops the turn of a session and those of its subagents, as opencode 2 does: its requests are gone, its answer is
   * complete, and the inbox stays. False if no turn was running.
   */
  interrupt(session: SessionId): boolean {
    this.aborts.push(session)
    const wasRunning = this.statuses.has(session)
    for (const child of this.sessions)
      if (child.parentID === session && this.statuses.has(child.id)) this.interrupt(child.id)
    if (!wasRunning) return false
    this.permissions = this.permissions.filter(({ sessionID }) => sessionID !== session)
    this.questions = this.questions.filter(({ sessionID }) => sessionID !== session)
    const last = this.messages.get(session)?.at(-1)
    if (last?.info.role === "assistant" && last.info.time.completed === undefined) {
      const { created } = last.info.time
      const info = { ...last.info, error: aborted, time: { created, completed: created + 100 } }
      const parts = last.parts.map(interruptedPart)
      this.store(session, { info, parts })
      this.emit(...parts.filter((part, index) => part !== last.parts[index]).map(event.part), event.message(info))
    }
    this.emit(event.error(aborted, session))
    this.makeIdle(session)
    return true
  }

  addWorktree(name: string) {
    const directory = `/work/worktrees/${name}`
    this.worktrees.push(directory)
    return directory
  }

  report(directory: string, event: unknown) {
    for (const send of this.reporters) send(directory, event)
  }

  /** Copies the messages before `before`; all of them if there is no such message. */
  fork({ directory, id, title }: Session, before: MessageId | undefined): Session {
    const messages = this.messages.get(id) ?? []
    const end = messages.findIndex(({ info }) => info.id === before)
    const copy = `ses_fork${this.sessions.length}` as SessionId
    const made = { id: copy, title: `${title} (fork #1)`, directory, time: { created: 0, updated: 0 } }
    this.sessions.push(made)
    for (const { info, parts } of end < 0 ? messages : messages.slice(0, end))
      this.store(copy, { info: { ...info, sessionID: copy }, parts })
    return made
  }

  /** Appends a message to a session, or replaces the message that has its id. */
  store(session: SessionId, message: Message) {
    const others = (this.messages.get(session) ?? []).filter(({ info }) => info.id !== message.info.id)
    this.messages.set(session, [...others, message])
  }

  emit(...events: ReadonlyArray<WireEvent>) {
    for (const sent of events) for (const listen of this.listeners) listen(sent)
  }

  /** Ends every event stream, as if the server had exited. */
  cut() {
    for (const end of this.connections) end()
  }

  /** Makes requests to a route fail: `GET /session`, or `GET /session*` for every route that begins like this. */
  fail(route: string, fault: Fault, times = Number.POSITIVE_INFINITY) {
    this.faults.unshift({ route, fault, times })
  }

  heal() {
    this.faults.length = 0
  }

  faultFor(route: string): Fault | undefined {
    const found = this.faults.find((entry) =>
      entry.route.endsWith("*") ? route.startsWith(entry.route.slice(0, -1)) : route === entry.route,
    )
    if (found === undefined) return undefined
    if (--found.times <= 0) this.faults.splice(this.faults.indexOf(found), 1)
    return found.fault
  }

  /** The number of requests to a route. */
  count(route: string) {
    return this.requests.filter((request) => request.route === route).length
  }
}
