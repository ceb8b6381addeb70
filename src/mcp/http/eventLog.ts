/**
 * The messages that were sent to clients of revision 2025-11-25 over HTTP, for clients whose stream breaks: they resume it
 * after the last message that they have received. Bounded by bytes and age, for all sessions together.
 */
import type { CallToolResult, EventStore, JSONRPCMessage } from "@modelcontextprotocol/server"
import type { CallOfTool } from "./callAccess.ts"
import { callSuffix, formatEventId, parseEventId } from "./eventId.ts"

interface EventLogOptions {
  /** The call whose message is being stored. */
  readonly currentCall: () => CallOfTool | undefined
  /** The answer to a call whose stream is not known here. Undefined if there is no such tool. */
  readonly lostAnswer: (tool: string) => CallToolResult | undefined
  readonly maxBytes: number
  readonly maxAgeMs: number
  /** Milliseconds. */
  readonly now: () => number
}

interface StoredEvent {
  readonly sequence: number
  readonly message: JSONRPCMessage
  readonly bytes: number
  readonly storedAt: number
  readonly stream: StoredStream
}

interface StoredStream {
  readonly id: string
  /** Ends the ids of its messages. */
  readonly suffix: string
  readonly events: Set<StoredEvent>
  /** Whether its request is answered. */
  isComplete: boolean
  /** Forgets the stream. */
  readonly forget: () => void
}

/** What a stored message costs besides its JSON. */
const overheadBytes = 300

const isAnswer = (message: JSONRPCMessage) => "result" in message || "error" in message

/** The stream of an answer to a call whose own stream is not known. Never one of the client's, whose id it could have made up. */
const lostStream = "lost"

/** After the answer, the call is not lost any more. */
const idOf = ({ message, sequence, stream }: StoredEvent): string =>
  formatEventId(stream.id, sequence, isAnswer(message) ? "" : stream.suffix)

export const makeEventLog = ({ currentCall, lostAnswer, maxAgeMs, maxBytes, now }: EventLogOptions) => {
  // The oldest first.
  const all = new Set<StoredEvent>()
  let bytes = 0
  let sequence = 0

  const remove = (event: StoredEvent): void => {
    const { stream } = event
    all.delete(event)
    bytes -= event.bytes
    stream.events.delete(event)
    if (stream.isComplete && stream.events.size === 0) stream.forget()
  }

  const expire = (): void => {
    const oldest = now() - maxAgeMs
    for (const event of all) {
      if (bytes <= maxBytes && event.storedAt >= oldest) return
      remove(event)
    }
  }

  /** The answer to a call whose own has expired, or was never known here. */
  const answerTo = (call: CallOfTool | undefined): JSONRPCMessage | undefined => {
    const result = call === undefined ? undefined : lostAnswer(call.tool)
    return call === undefined || result === undefined ? undefined : { jsonrpc: "2.0", id: call.id, result }
  }

  /**
   * The store of one session. A stream that still runs can be resumed even if all that it has sent has expired. One that has
   * ended is forgotten with its last message.
   */
  const openStore = () => {
    const streams = new Map<string, StoredStream>()
    const openStream = (id: string): StoredStream => {
      const stream = {
        id,
        suffix: callSuffix(currentCall()),
        events: new Set<StoredEvent>(),
        isComplete: false,
        forget: () => void streams.delete(id),
      }
      streams.set(id, stream)
      return stream
    }
    /** The stream of an event, or the answer to its call without the stream. */
    const find = (eventId: string) => {
      const event = parseEventId(eventId)
      const stream = event && streams.get(event.stream)
      return { stream, last: event?.sequence ?? 0, answer: stream === undefined ? answerTo(event?.call) : undefined }
    }
    const store: EventStore = {
      storeEvent: async (streamId, message) => {
        const stream = streams.get(streamId) ?? openStream(streamId)
        sequence++
        const size = JSON.stringify(message).length + overheadBytes
        const event = { sequence, message, bytes: size, storedAt: now(), stream }
        all.add(event)
        stream.events.add(event)
        stream.isComplete ||= isAnswer(message)
        bytes += size
        expire()
        return idOf(event)
      },
      // Without `getStreamIdForEventId`: with it, the SDK refuses to resume a stream whose break was not noticed yet.
      replayEventsAfter: async (lastEventId, { send }) => {
        expire()
        const { answer, last, stream } = find(lastEventId)
        const missed = [...(stream?.events ?? [])].filter(({ sequence }) => sequence > last)
        // `send` writes before it returns, so the order is kept.
        await Promise.all(missed.map((event) => send(idOf(event), event.message)))
        if (stream !== undefined) return stream.id
        if (answer !== undefined) await send(formatEventId(lostStream, 0), answer)
        return lostStream
      },
    }
    const clear = (): void => {
      for (const { events } of streams.values()) for (const event of events) remove(event)
      streams.clear()
    }
    /** Whether the stream of this event can be resumed. */
    const knows = (eventId: string): boolean => {
      const { answer, stream } = find(eventId)
      return stream !== undefined || answer !== undefined
    }
    return { store, clear, knows }
  }

  return { openStore, expire, bytes: () => bytes }
}
