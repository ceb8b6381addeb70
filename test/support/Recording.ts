/**
 * The recorded logs of the real opencode (`test/recordings/`), and a model of what opencode has stored after the first n
 * entries of a log, so that a test can read the state at any moment, as a client can.
 */
import { Schema } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { MessageId, SessionId } from "../../src/opencode/Identifiers.ts"
import type { Message, Part } from "../../src/opencode/sessions/Message.ts"
import type { TurnEvent } from "../../src/opencode/events/TurnEvent.ts"
import { WireFrame } from "../../src/opencode/v1/wire/WireEvent.ts"
import type { PendingRequest } from "../../src/opencode/requests/PendingRequest.ts"
import type { SessionStatus } from "../../src/opencode/sessions/Session.ts"
import type { StoredSession } from "../../src/opencode/turn/Turn.ts"
import { WireMessages } from "../../src/opencode/v1/wire/WireMessage.ts"
import { WirePermissionRequest, WireQuestionRequest } from "../../src/opencode/v1/wire/WireRequest.ts"
import { WireSessionStatus } from "../../src/opencode/v1/wire/WireSession.ts"
import { translateEvent } from "../../src/opencode/v1/translateEvent.ts"
import { recognised } from "./recognised.ts"

const Snapshot = Schema.Struct({
  after: Schema.Int,
  status: Schema.Record(Schema.String, WireSessionStatus),
  permissions: Schema.Array(WirePermissionRequest),
  questions: Schema.Array(WireQuestionRequest),
  messages: Schema.Record(Schema.String, WireMessages),
})

const Connection = Schema.Struct({ connection: Schema.Literals(["lost", "restored"]) })

const Recording = Schema.Struct({
  name: Schema.String,
  opencode: Schema.String,
  session: SessionId,
  turns: Schema.Array(
    Schema.Struct({ prompt: MessageId, begun: Schema.Int, outcome: Schema.String, text: Schema.String }),
  ),
  log: Schema.Array(Schema.Union([Connection, WireFrame])),
  snapshots: Schema.Array(Snapshot),
  end: Snapshot,
})
export type Recording = typeof Recording.Type
export type RecordedTurn = Recording["turns"][number]
export type Entry = Recording["log"][number]

const logs = new URL("../recordings/logs/1/", import.meta.url)

export const recordings: ReadonlyArray<Recording> = readdirSync(logs)
  .sort()
  .map((file) => Schema.decodeSync(Schema.fromJsonString(Recording))(readFileSync(new URL(file, logs), "utf8")))

/** The event that a follower of turns receives, if the entry is one: `InstanceEvents` drops the others. */
export const heard = (entry: Entry): TurnEvent | undefined => {
  if ("connection" in entry) return undefined
  const event = translateEvent(entry.payload)
  return event._tag === "Heartbeat" ? undefined : event
}

/** The stored state of all sessions of the recording. */
export interface Memory {
  /** Statuses of the sessions that are not idle. */
  readonly status: ReadonlyMap<SessionId, SessionStatus>
  readonly messages: ReadonlyMap<MessageId, Message>
  /** Includes those that an abort left behind. */
  readonly requests: ReadonlyMap<string, PendingRequest>
}

const empty: Memory = { status: new Map(), messages: new Map(), requests: new Map() }

const put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V) => new Map(map).set(key, value)

const without = <K, V>(map: ReadonlyMap<K, V>, key: K) => new Map([...map].filter(([other]) => other !== key))

const withPart = (memory: Memory, messageID: MessageId, part: Part): Memory => {
  const message = memory.messages.get(messageID)
  if (message === undefined) return memory
  const known = message.parts.findIndex((other) => other.id === part.id)
  const parts = known < 0 ? [...message.parts, part] : message.parts.with(known, part)
  return { ...memory, messages: put(memory.messages, messageID, { ...message, parts }) }
}

/** Deltas change nothing, because streamed text is not stored. */
const store = (memory: Memory, event: TurnEvent): Memory => {
  switch (event._tag) {
    case "StatusChanged": {
      const { sessionID, status } = event
      return {
        ...memory,
        status: status.type === "idle" ? without(memory.status, sessionID) : put(memory.status, sessionID, status),
      }
    }
    case "MessageChanged": {
      const { info } = event
      const parts = memory.messages.get(info.id)?.parts ?? []
      return { ...memory, messages: put(memory.messages, info.id, { info, parts }) }
    }
    case "PartChanged":
      return withPart(memory, event.part.messageID, event.part)
    case "RequestOpened":
      return { ...memory, requests: put(memory.requests, event.pending.request.id, event.pending) }
    case "RequestSettled":
      return { ...memory, requests: without(memory.requests, event.requestID) }
    default:
      return memory
  }
}

/** A restart keeps only the messages. */
const remember = (memory: Memory, entry: Entry): Memory => {
  if ("connection" in entry && entry.connection === "restored") return { ...empty, messages: memory.messages }
  const event = heard(entry)
  return event === undefined ? memory : store(memory, event)
}

/** The stored states: before the log, after its first entry, after its second, and so on. */
export const memories = ({ log }: Recording): ReadonlyArray<Memory> => {
  const all = [empty]
  for (const entry of log) all.push(remember(all.at(-1) ?? empty, entry))
  return all
}

/** The messages of a session in opencode's order. */
export const conversation = (memory: Memory, session: string): ReadonlyArray<Message> =>
  [...memory.messages.values()]
    .filter(({ info }) => info.sessionID === session)
    .sort((one, other) => one.info.time.created - other.info.time.created)

/** Like `pendingRequestsOf`: without the requests that an abort left behind. */
const isOpen = (memory: Memory, { request: { tool } }: PendingRequest) => {
  const info = tool === undefined ? undefined : memory.messages.get(tool.messageID)?.info
  return info === undefined || (info.role === "assistant" && info.time.completed === undefined)
}

/** The stored state that a client reads for its turn at that moment. */
export const storedOf = (memory: Memory, session: SessionId): StoredSession => ({
  status: memory.status.get(session) ?? { type: "idle" },
  messages: conversation(memory, session),
  pending: [...memory.requests.values()].filter((request) => isOpen(memory, request)),
})

/** A recorded snapshot in the form of the model, without the parts that are not declared. */
export const memoryOf = ({ messages, permissions, questions, status }: Recording["end"]): Memory => ({
  status: new Map(Object.entries(status).map(([id, each]) => [SessionId.make(id), each])),
  messages: new Map(
    Object.values(messages)
      .flatMap(recognised)
      .map((message) => [message.info.id, message]),
  ),
  requests: new Map<string, PendingRequest>([
    ...permissions.map((request) => [request.id, { kind: "permission", request }] as const),
    ...questions.map((request) => [request.id, { kind: "question", request }] as const),
  ]),
})
