/** `GET` over Node's `http` with a bound on the answer's size. Each request has its own connection, which is closed afterwards. */
import { Effect, Schema } from "effect"
import { get as getHttp, type IncomingMessage } from "node:http"
import { get as getHttps } from "node:https"

/** A URL, or a path of an HTTP server behind a Unix socket or a named pipe. */
export type GetAddress = URL | { readonly socketPath: string; readonly path: string }

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>
  /** The request fails with {@link AnswerTooLarge} when the body exceeds this many bytes. */
  readonly maxBytes: number
}

export interface GetAnswer {
  readonly message: IncomingMessage
  readonly body: Buffer
}

/** The request could not be sent, or the connection broke. `cause` is Node's own error. */
export class GetFailed extends Schema.TaggedError<GetFailed>()("GetFailed", { cause: Schema.instanceOf(Error) }) {}

export class AnswerTooLarge extends Schema.TaggedError<AnswerTooLarge>()("AnswerTooLarge", {
  maxBytes: Schema.Finite,
}) {}

/** Follows no redirect, and reads the body to its end. Interruption closes the connection. */
export const boundedGet = (
  address: GetAddress,
  { headers, maxBytes }: GetOptions,
): Effect.Effect<GetAnswer, GetFailed | AnswerTooLarge> =>
  Effect.callback((resume) => {
    const fail = (cause: Error) => resume(Effect.fail(new GetFailed({ cause })))
    const options = { agent: false, headers: { ...headers } }
    const onResponse = (message: IncomingMessage) => {
      const chunks: Array<Buffer> = []
      let size = 0
      message.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.byteLength
        if (size <= maxBytes) return
        resume(Effect.fail(new AnswerTooLarge({ maxBytes })))
        request.destroy()
      })
      message.on("error", fail)
      message.on("end", () => resume(Effect.succeed({ message, body: Buffer.concat(chunks) })))
    }
    const request =
      address instanceof URL
        ? (address.protocol === "https:" ? getHttps : getHttp)(address, options, onResponse)
        : getHttp({ ...options, ...address }, onResponse)
    request.on("error", fail)
    // After some answers, such as an upgrade, Node closes the connection without an error or an end.
    request.on("close", () => fail(new Error("the connection was closed")))
    return Effect.sync(() => request.destroy())
  })
