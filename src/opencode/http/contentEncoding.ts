/** Compressed answers: what a request accepts, and how an answer is decompressed. */
import { Effect, Schema } from "effect"
import { errorCode } from "../../machine/errorCode.ts"
import { AnswerTooLarge } from "../../machine/httpExchange.ts"
import { quote } from "../../text/plainText.ts"

export const acceptedEncodings = "gzip, deflate"

/** The content is not what its `content-encoding` says. */
export class UnreadableContent extends Schema.TaggedError<UnreadableContent>()("UnreadableContent", {
  detail: Schema.String,
  /** Whether its end is missing. */
  isCut: Schema.Boolean,
}) {}

const fromZlib = (error: Error, maxBytes: number) => {
  if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") return new AnswerTooLarge({ maxBytes })
  return new UnreadableContent({ detail: `compression: ${error.message}`, isCut: errorCode(error) === "Z_BUF_ERROR" })
}

/** Decompresses in Node's thread pool. The module is loaded with the first compressed answer. */
const unzip = (body: Buffer<ArrayBuffer>, maxBytes: number) =>
  Effect.flatMap(
    Effect.promise(() => import("node:zlib")),
    (zlib) =>
      Effect.callback<Buffer<ArrayBuffer>, AnswerTooLarge | UnreadableContent>((resume) => {
        zlib.unzip(body, { maxOutputLength: maxBytes }, (error, content) =>
          resume(error === null ? Effect.succeed(content) : Effect.fail(fromZlib(error, maxBytes))),
        )
      }),
  )

/** At most `maxBytes`, however small the compressed content is. */
export const decodeContent = (
  body: Buffer<ArrayBuffer>,
  encoding: string | undefined,
  maxBytes: number,
): Effect.Effect<Buffer<ArrayBuffer>, AnswerTooLarge | UnreadableContent> => {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case "":
    case "identity":
      return Effect.succeed(body)
    case "gzip":
    case "x-gzip":
    case "deflate":
      return body.byteLength === 0 ? Effect.succeed(body) : unzip(body, maxBytes)
    default:
      return Effect.fail(new UnreadableContent({ detail: `content encoding ${quote(encoding ?? "")}`, isCut: false }))
  }
}
