/** Reads the JSON body of a request. */
import { isJsonContentType } from "@modelcontextprotocol/server"
import { ByteSize, Effect, Result } from "effect"
import { HttpIncomingMessage, type HttpServerRequest } from "effect/http"
import { parseJson } from "../wire/json.ts"
import { jsonRpcError } from "./responses.ts"

/** The longest body. A prompt can be long, but the agent reads files itself. */
const maxBodySize = ByteSize.mebibytes(1)

const badJson = (problem: string) =>
  jsonRpcError({ status: 400, code: -32700, message: `Parse error: the request body ${problem}` })

/** The body, or the answer to one that cannot be used. */
export const readBody = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
  if (!isJsonContentType(request.headers["content-type"] ?? null)) {
    const message = "Unsupported Media Type: Content-Type must be application/json"
    return Result.fail(jsonRpcError({ status: 415, code: -32000, message }))
  }
  const text = yield* Effect.result(Effect.provideService(request.text, HttpIncomingMessage.MaxBodySize, maxBodySize))
  if (Result.isFailure(text)) {
    const { reason } = text.failure
    return Result.fail(
      reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
        ? jsonRpcError({ status: 413, code: -32000, message: "The request body is larger than 1 MiB." })
        : badJson("could not be read"),
    )
  }
  const body = parseJson(text.success)
  return body === undefined ? Result.fail(badJson("is not valid JSON")) : Result.succeed(body)
})
