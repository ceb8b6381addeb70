/**
 * The messages that were sent to clients of revision 2025-11-25 over HTTP, for clients whose stream breaks: they resume it
 * after the last message that they have received. Bounded by bytes and age, for all sessions together.
 */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server"

export interface EventLogOptions {
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
  readonly events: Set<StoredEvent>
  /** Whether its request is answered. */
  isComplete: boolean
  /** Forgets the stream. */
  readonly forget: () => void
}

/** What a stored message costs besides its JSON. */
const overheadBytes = 300

const isAnswer = (message: JSONRPCMessage) => "result" in message || "error" in message

/** An event's id is its stream's and a number. */
const streamIdOf = (eventId: string): string => eventId.slice(0, eventId.lastIndexOf("_"))
const sequenceOf = (eventId: string): number => Number(eventId.slice(eventId.lastIndexOf("_") + 1))

export const makeEventLog = ({ maxAgeMs, maxBytes, now }: EventLogOptions) => {
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

  /** The store of one session. A stream that still runs can be resumed even if all that it has sent has expired. */
  const openStore = () => {
    const streams = new Map<string, StoredStream>()
    const openStream = (id: string): StoredStream => {
      const stream = { id, events: new Set<StoredEvent>(), isComplete: false, forget: () => void streams.delete(id) }
      streams.set(id, stream)
      return stream
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
        return `${streamId}_${sequence}`
      },
      // Without `getStreamIdForEventId`: with it, the SDK refuses to resume a stream whose break was not noticed yet.
      replayEventsAfter: async (lastEventId, { send }) => {
        expire()
        const streamId = streamIdOf(lastEventId)
        const last = sequenceOf(lastEventId)
        const missed = [...(streams.get(streamId)?.events ?? [])].filter(({ sequence }) => sequence > last)
        // `send` writes before it returns, so the order is kept.
        await Promise.all(missed.map(({ message, sequence }) => send(`${streamId}_${sequence}`, message)))
        return streamId
      },
    }
    const clear = (): void => {
      for (const { events } of streams.values()) for (const event of events) remove(event)
      streams.clear()
    }
    /** Whether the stream of this event can be resumed. */
    const knows = (eventId: string): boolean => streams.has(streamIdOf(eventId))
    return { store, clear, knows }
  }

  return { openStore, expire, bytes: () => bytes }
}

export type EventLog = ReturnType<typeof makeEventLog>
