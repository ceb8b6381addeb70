/** The state of a fake opencode: what it stores, the requests it received, and the events that a test sends from it. */
import { type Cause, Queue } from "effect"
import type { FileDiff } from "../opencode/changes/FileDiff.ts"
import type { MessageId, PermissionId, QuestionId, SessionId } from "../opencode/Identifiers.ts"
import type { Message } from "../opencode/sessions/Message.ts"
import type { WireFrame, WireEvent } from "../opencode/v1/wire/WireEvent.ts"
import type { PermissionReply, PermissionRequest, QuestionRequest } from "../opencode/requests/PendingRequest.ts"
import type { Session, SessionStatus } from "../opencode/sessions/Session.ts"
import type { Fault } from "./Fault.ts"
import { assistant, done, event, msg, textPart, user } from "./samples.ts"

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
}

/** A received decision. */
export type Reply =
  | ({ readonly id: PermissionId } & PermissionReply)
  | { readonly id: QuestionId; readonly answers: ReadonlyArray<ReadonlyArray<string>> }
  | { readonly id: QuestionId; readonly reply: "reject" }

/** Tests fill and inspect these fields directly. */
export class FakeState {
  credentials: { readonly username: string; readonly password: string } | undefined
  sessions: Array<Session> = []
  readonly messages = new Map<SessionId, Array<Message>>()
  readonly statuses = new Map<SessionId, SessionStatus>()
  permissions: Array<PermissionRequest> = []
  questions: Array<QuestionRequest> = []
  readonly diffs = new Map<MessageId, ReadonlyArray<FileDiff>>()
  inGit = true
  readonly missingDirectories = new Set<string>()
  agents = [{ name: "build", mode: "primary" }]
  providers = [{ id: "scripted", models: { small: { id: "small" } } }]
  heartbeats = true

  readonly requests: Array<LoggedRequest> = []
  readonly prompts: Array<StoredPrompt> = []
  readonly replies: Array<Reply> = []
  readonly aborts: Array<SessionId> = []
  readonly connections = new Set<Queue.Queue<WireFrame, Cause.Done>>()
  private readonly faults: Array<{ readonly route: string; readonly fault: Fault; times: number }> = []

  /** Runs for each prompt before the request is answered. By default the prompt is stored and its session becomes busy. */
  onPrompt: (prompt: StoredPrompt) => void = (prompt) => this.take(prompt)

  take({ messageID, session, text }: StoredPrompt) {
    const message = user(messageID, text, session)
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

  /** Completes the turn of a prompt with an answer, and makes its session idle. */
  complete({ messageID, session }: StoredPrompt, answer: string) {
    const id = msg(`answer_to_${messageID}`)
    const info = assistant(id, messageID, done(), session)
    const part = textPart(id, answer)
    this.store(session, { info, parts: [part] })
    this.statuses.delete(session)
    this.emit(event.message(info), event.part(part), ...event.idle(session))
  }

  /** Appends a message to a session, or replaces the message that has its id. */
  store(session: SessionId, message: Message) {
    const others = (this.messages.get(session) ?? []).filter(({ info }) => info.id !== message.info.id)
    this.messages.set(session, [...others, message])
  }

  emit(...events: ReadonlyArray<WireEvent>) {
    for (const connection of this.connections) {
      for (const payload of events) Queue.offerUnsafe(connection, { directory: "/work/project", payload })
    }
  }

  /** Ends every event stream, as if the server had exited. */
  cut() {
    for (const connection of this.connections) Queue.endUnsafe(connection)
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
