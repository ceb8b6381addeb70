/**
 * MCP over two streams, for the SDK. The SDK's own transport drops messages that deviate from the specification without an
 * answer, ends at a line over 10 MiB, and reads on while its output is not read.
 */
import { ProtocolErrorCode, type Transport } from "@modelcontextprotocol/server"
import type { Readable, Writable } from "node:stream"
import { type ExchangeOptions, makeExchange } from "./Exchange.ts"
import { makeLines, type Line } from "./lines.ts"
import { makeOutput } from "./Output.ts"
import { readLine, refused } from "./readMessage.ts"
import { idFromJson } from "./requestIds.ts"

/** As much as opencode takes in one request. */
const maxLineBytes = 50 * 1024 * 1024

/** How much input is read in advance while its messages wait. Within it, the end of the input is noticed. */
const maxUnreadBytes = 16 * 1024 * 1024

/** While this many requests are unanswered, no further message is taken from the input. */
const maxUnanswered = 1000

/** After this many messages their answers are written, so that an output that is full is noticed. */
const maxAtOnce = 32

/**
 * After the end of the input, its requests are answered for at most this long. The backend gives its calls less, but may have
 * to be loaded first.
 */
const maxDrainMs = 8000

/** A client that reads none of its answers then has probably left. */
const maxFullMs = 1000

interface StdioTransportOptions extends Pick<ExchangeOptions, "onUnusable" | "unknownTool"> {
  /** The client sends nothing more, and its last requests are unanswered. */
  readonly onInputEnd: () => void
  readonly stdin: Readable
  readonly stdout: Writable
}

const readingOf = (line: Line) => {
  if (line._tag === "Line") return readLine(line.bytes)
  const id = line.id === undefined ? undefined : idFromJson(line.id)
  const megabytes = Math.round(line.length / 1024 / 1024)
  return refused(
    id ?? null,
    ProtocolErrorCode.InvalidRequest,
    `Invalid request: the message has ${megabytes} MB; at most ${maxLineBytes / 1024 / 1024} MB are possible`,
  )
}

export const makeStdioTransport = (options: StdioTransportOptions): Transport => {
  const { onInputEnd, onUnusable, stdin, stdout, unknownTool } = options
  const lines = makeLines({ maxLineBytes })
  let isClosed = false
  let hasEnded = false
  let isPumping = false
  let again: NodeJS.Immediate | undefined
  let drainEnd: NodeJS.Timeout | undefined

  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    clearTimeout(drainEnd)
    stdin.off("data", received).off("error", failed).off("end", inputEnded).off("close", inputClosed)
    if (stdin.listenerCount("data") === 0) stdin.pause()
    output.close()
    transport.onclose?.()
  }
  const ended = () => void close()
  const endIfAnswered = () => {
    if (hasEnded && lines.unread() === 0 && exchange.unanswered() === 0) ended()
  }
  /** A client that is done closes stdin at once, and a shell's pipe right after the requests. */
  const inputEnded = () => {
    hasEnded = true
    lines.end()
    pump()
    endIfAnswered()
    if (isClosed) return
    endWithin(output.isFull() ? maxFullMs : maxDrainMs)
    onInputEnd()
  }
  const endWithin = (ms: number) => {
    clearTimeout(drainEnd)
    drainEnd = setTimeout(ended, ms)
  }
  const inputClosed = () => {
    if (!hasEnded) ended()
  }
  const failed = (error: Error) => transport.onerror?.(error)
  const mustWait = () => isClosed || output.isFull() || exchange.unanswered() >= maxUnanswered

  /** Takes messages from what was read, as long as the client reads its answers. */
  const pump = (): void => {
    // An answer written during the loop calls this again.
    if (isPumping || again !== undefined) return
    isPumping = true
    for (let count = 0; !mustWait(); count++) {
      if (count === maxAtOnce) {
        again = setImmediate(() => {
          again = undefined
          pump()
          endIfAnswered()
        })
        break
      }
      const line = lines.next()
      if (line === undefined) break
      const reading = readingOf(line)
      if (reading !== undefined) exchange.receive(reading)
    }
    isPumping = false
    if (isClosed) return
    if (lines.unread() > maxUnreadBytes) stdin.pause()
    else if (stdin.isPaused()) stdin.resume()
  }
  const received = (chunk: Buffer) => {
    lines.append(chunk)
    pump()
  }

  const output = makeOutput(stdout, {
    onDrain: () => {
      pump()
      endIfAnswered()
      if (hasEnded && !isClosed) endWithin(maxDrainMs)
    },
    onError: (error) => {
      failed(error)
      ended()
    },
  })
  const exchange = makeExchange({
    // An output that fails ends the connection.
    write: (line) => output.write(line),
    deliver: (message) => transport.onmessage?.(message),
    onUnusable,
    unknownTool,
  })

  const transport: Transport = {
    start: async () => {
      output.open()
      stdin.on("error", failed).on("end", inputEnded).on("close", inputClosed).on("data", received)
      if (stdin.readableEnded || stdin.destroyed) setImmediate(ended)
    },
    send: async (message) => {
      if (isClosed) throw new Error("The connection is closed")
      const sent = exchange.send(message)
      pump()
      await sent
      endIfAnswered()
    },
    close,
    setProtocolVersion: exchange.setRevision,
  }
  return transport
}
