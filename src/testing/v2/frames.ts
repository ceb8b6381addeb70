/**
 * The events of a fake as the frames of opencode 2. A frame depends on the earlier ones: a step begins before its parts, and
 * the end of the execution shows how its turn ended.
 */
import type { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type { Failure } from "../../opencode/sessions/Message.ts"
import type { WireEvent } from "../../opencode/v1/wire/WireEvent.ts"
import type { FakeState } from "../FakeState.ts"
import { errorOf } from "./entries.ts"
import { beginning, type Event, makeSteps } from "./steps.ts"
import { formOf, permissionOf } from "./wire.ts"

/** Events that opencode does not store, and therefore does not number. */
const isTransient = (type: string) => /\.delta$|^permission\.|^form\./u.test(type)

export const makeFrames = (fake: FakeState) => {
  const { answer, close, delta, newest, part } = makeSteps(fake)
  const delivered = new Set<MessageId>()
  /** Whether an execution is running, if an event has shown it. */
  const executing = new Map<SessionId, boolean>()
  const numbers = new Map<SessionId, number>()

  /** A prompt that goes straight from the inbox into the session. */
  const prompt = (sessionID: SessionId, inboxID: MessageId, created: number): ReadonlyArray<Event> => {
    if (delivered.has(inboxID)) return []
    delivered.add(inboxID)
    const message = fake.messages.get(sessionID)?.find(({ info }) => info.id === inboxID)
    const text = (message?.parts ?? []).flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")
    const metadata = fake.metadata.get(inboxID)
    const item = { type: "user", payload: { text, ...(metadata === undefined ? {} : { metadata }) }, delivery: "queue" }
    return [
      { type: "session.inbox.enqueued", data: { sessionID, inboxID, item }, created },
      { type: "session.inbox.delivered", data: { sessionID, inboxID }, created },
    ]
  }

  const begun = (sessionID: SessionId): ReadonlyArray<Event> => {
    if (executing.get(sessionID) === true) return []
    executing.set(sessionID, true)
    return [{ type: "session.execution.started", data: { sessionID } }]
  }

  const failed = (sessionID: SessionId, failure: Failure): ReadonlyArray<Event> => {
    executing.set(sessionID, false)
    return failure.kind === "aborted"
      ? [{ type: "session.execution.interrupted", data: { sessionID, reason: "user" } }]
      : [{ type: "session.execution.failed", data: { sessionID, error: errorOf(failure) } }]
  }

  const ended = (sessionID: SessionId): ReadonlyArray<Event> => {
    if (executing.get(sessionID) === false) return []
    const failure = close(sessionID)
    if (failure !== undefined) return failed(sessionID, failure)
    executing.set(sessionID, false)
    return [{ type: "session.execution.succeeded", data: { sessionID } }]
  }

  const eventsOf = (event: WireEvent): ReadonlyArray<Event> => {
    switch (event.type) {
      case "session.created": {
        const { directory, id: sessionID, parentID, title } = event.properties.info
        const data = { sessionID, title, location: { directory }, ...(parentID === undefined ? {} : { parentID }) }
        return [{ type: "session.created", data }]
      }
      case "session.updated": {
        const { id: sessionID, title } = event.properties.info
        return [{ type: "session.renamed", data: { sessionID, title } }]
      }
      case "session.deleted":
        return [{ type: "session.deleted", data: { sessionID: event.properties.info.id } }]
      case "session.status": {
        const { sessionID, status } = event.properties
        if (status.type === "idle") return ended(sessionID)
        if (status.type === "busy") return begun(sessionID)
        const { attempt, message, next: at } = status
        const assistantMessageID = newest(sessionID) ?? "msg_retried"
        const data = { sessionID, assistantMessageID, attempt, at, error: { type: "provider.internal", message } }
        return [...begun(sessionID), { type: "session.retry.scheduled", data }]
      }
      case "session.idle":
        return ended(event.properties.sessionID)
      case "session.error": {
        const { error, sessionID } = event.properties
        return error === undefined || sessionID === undefined ? [] : failed(sessionID, error)
      }
      case "message.updated": {
        const { info } = event.properties
        return info.role === "assistant" ? answer(info) : prompt(info.sessionID, info.id, info.time.created)
      }
      case "message.part.updated":
        return event.properties.part.type === "unrecognised" ? [] : part(event.properties.part)
      case "message.part.delta": {
        const { delta: text, messageID, partID } = event.properties
        return delta(messageID, partID, text)
      }
      case "permission.asked":
        return [{ type: "permission.asked", data: permissionOf(fake, event.properties) }]
      case "question.asked":
        return [{ type: "form.created", data: { form: formOf(fake, event.properties) } }]
      case "permission.replied":
        return [{ type: "permission.replied", data: { ...event.properties, reply: "once" } }]
      case "question.replied":
      case "question.rejected": {
        const { requestID: id, sessionID } = event.properties
        return [
          { type: event.type === "question.replied" ? "form.replied" : "form.cancelled", data: { sessionID, id } },
        ]
      }
      case "server.connected":
      case "server.heartbeat":
      case "server.instance.disposed":
      case "unrecognised":
        return []
    }
  }

  let id = 0
  return (event: WireEvent): ReadonlyArray<unknown> =>
    eventsOf(event).map(({ created = beginning, data, type }) => {
      const frame = { id: `evt_${id++}`, created, type, data }
      const { sessionID } = data
      if (sessionID === undefined || isTransient(type)) return frame
      const seq = numbers.get(sessionID) ?? 0
      numbers.set(sessionID, seq + 1)
      return { ...frame, durable: { aggregateID: sessionID, seq, version: 1 } }
    })
}
