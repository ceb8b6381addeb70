/** Sends the bytes of a request on a connection of their own, in two pieces. */
import { Effect } from "effect"
import { connect } from "node:net"
import type { FuzzRequest } from "./requests.ts"

export interface Answered {
  /** Undefined if the connection ended without an answer. */
  readonly status: number | undefined
  readonly text: string
  /**
   * Whether the connection was reset. That can discard an answer which was sent before the whole request was read: a server
   * that closes a connection resets it if more arrives.
   */
  readonly isReset: boolean
}

/** How long a stream without an end is read. */
const maxMs = 400

const isStream = /^content-type: text\/event-stream/imu
const hasAnswer = /"(?:result|error)":/u

/** Milliseconds that a busy server may take to begin its answer. */
const maxBeginMs = 30_000

/** What has come until the connection ended, or until the answer on a stream. A request that is not whole has no answer soon. */
export const sendRaw = (port: number, { bytes, isWhole }: Pick<FuzzRequest, "bytes" | "isWhole">, half: number) =>
  Effect.callback<Answered>((resume) => {
    let text = ""
    let isReset = false
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes.subarray(0, half))
      socket.write(bytes.subarray(half))
    })
    const end = () => {
      clearTimeout(timer)
      socket.destroy()
      const status = /^HTTP\/1\.1 (\d+)/u.exec(text)?.[1]
      resume(Effect.succeed({ status: status === undefined ? undefined : Number(status), text, isReset }))
    }
    const isOver = () => text !== "" && (isStream.test(text) || !text.includes("\r\n\r\n"))
    let timer = setTimeout(function again(waited = maxMs) {
      if (isOver() || !isWhole || waited > maxBeginMs) end()
      else timer = setTimeout(again, maxMs, waited + maxMs)
    }, maxMs)
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1")
      if (isStream.test(text) && hasAnswer.test(text)) end()
    })
    socket.on("error", () => {
      isReset = true
      end()
    })
    socket.on("close", end)
    return Effect.sync(() => {
      clearTimeout(timer)
      socket.destroy()
    })
  })
