/** What becomes of the messages of one connection: which reach the SDK, and which are answered here. */
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server"
import { type Reading, readValue, refused } from "./readMessage.ts"
import { type Refusal, writeMessage } from "./requestIds.ts"
import { type Batch, makeUnanswered } from "./Unanswered.ts"

/** The only revision of MCP with batches. */
const revisionWithBatches = "2025-03-26"

export interface ExchangeOptions {
  /** Writes a line. */
  readonly write: (line: string) => Promise<void>
  /** Receives each message for the SDK. */
  readonly deliver: (message: JSONRPCMessage) => void
  /** Receives a sentence about each message that cannot be used. */
  readonly onUnusable: (reason: string) => void
  /** What is wrong with a call of a tool of this name; undefined if there is such a tool. */
  readonly unknownTool: (name: string) => string | undefined
}

const toolOf = (message: JSONRPCMessage) => {
  const name = isJSONRPCRequest(message) && message.method === "tools/call" ? message.params?.["name"] : undefined
  return typeof name === "string" ? name : undefined
}

const notInBatches = (id: string | number | null) =>
  refused(
    id,
    ProtocolErrorCode.InvalidRequest,
    "Invalid request: send each message in a line of its own, not in a batch",
  )

/** A failed write ends the connection, so its failure is handled there. */
const unawaited = (written: Promise<void>): void => void written.catch(() => {})

export const makeExchange = ({ deliver, onUnusable, unknownTool, write }: ExchangeOptions) => {
  const unanswered = makeUnanswered()
  let revision: string | undefined

  const settle = async (batch: Batch, answer?: string): Promise<void> => {
    if (answer !== undefined) batch.answers.push(answer)
    if (--batch.waiting === 0 && batch.answers.length > 0) await write(`[${batch.answers.join(",")}]`)
  }

  const receiveMessage = (message: JSONRPCMessage, batch: Batch | undefined): void => {
    // A subscription has no answer until it ends.
    if (isJSONRPCRequest(message) && message.method !== "subscriptions/listen") unanswered.add(message.id, batch)
    if (isJSONRPCNotification(message) && message.method === "notifications/cancelled") {
      const id = message.params?.["requestId"]
      const cancelled = typeof id === "string" || typeof id === "number" ? unanswered.cancel(id) : undefined
      if (cancelled !== undefined) unawaited(settle(cancelled))
    }
    deliver(message)
  }

  /** The SDK's own error for an unknown tool names none of the others. */
  const known = (reading: Reading): Reading => {
    if (reading._tag !== "Message" || !isJSONRPCRequest(reading.message)) return reading
    const tool = toolOf(reading.message)
    const problem = tool === undefined ? undefined : unknownTool(tool)
    return problem === undefined ? reading : refused(reading.message.id, ProtocolErrorCode.InvalidParams, problem)
  }

  const refuse = (refusal: Refusal, batch: Batch | undefined): void => {
    onUnusable(`Refused a message (${refusal.error.code}). ${refusal.error.message}`)
    if (batch !== undefined) batch.waiting++
    unawaited(batch === undefined ? write(writeMessage(refusal)) : settle(batch, writeMessage(refusal)))
  }

  const receiveOne = (received: Reading, batch?: Batch): void => {
    const reading = known(received)
    switch (reading._tag) {
      case "Message":
        return receiveMessage(reading.message, batch)
      case "Batch":
        return receiveBatch(reading.messages)
      case "Ignored":
        return onUnusable(`Ignored ${reading.reason}`)
      case "Refused":
        return refuse(reading.refusal, batch)
    }
  }

  /** A member of a batch, as it counts in it. */
  const inBatch = (reading: Reading): Reading => {
    if (reading._tag === "Batch") return notInBatches(null)
    const isRequest = reading._tag === "Message" && isJSONRPCRequest(reading.message)
    if (!isRequest) return reading
    return revision === revisionWithBatches && reading.message.method !== "initialize"
      ? reading
      : notInBatches(reading.message.id)
  }

  const receiveBatch = (messages: ReadonlyArray<unknown>): void => {
    const readings = messages.map((message) => inBatch(readValue(message)))
    if (revision === revisionWithBatches) {
      const batch: Batch = { answers: [], waiting: 1 }
      for (const reading of readings) receiveOne(reading, batch)
      return unawaited(settle(batch))
    }
    const refusals = readings.filter(({ _tag }) => _tag === "Refused")
    for (const reading of refusals.length === 0 ? [notInBatches(null)] : refusals) receiveOne(reading)
  }

  return {
    receive: (reading: Reading): void => receiveOne(reading),
    /** Sends a message of the SDK. */
    send: (message: JSONRPCMessage): Promise<void> => {
      const line = writeMessage(message)
      const isAnswer = isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)
      const batch = isAnswer && message.id !== undefined ? unanswered.answer(message.id) : undefined
      return batch === undefined ? write(line) : settle(batch, line)
    },
    setRevision: (version: string): void => void (revision = version),
    /** Number of requests that have no answer. */
    unanswered: unanswered.size,
  }
}
