/**
 * Answers that would take long to parse are parsed in slices. The client that is derived from a declared API parses by itself,
 * so the body of a large answer is replaced by a failure that holds the decoded answer.
 */
import { Effect, Schema } from "effect"
import { HttpClientError, type HttpClientResponse } from "effect/http"
import { type HttpApiEndpoint, HttpApiSchema } from "effect/http-api"
import { isEventStream } from "./eventStream.ts"
import { parseJson, smallJson } from "./parseJson.ts"

type Response = HttpClientResponse.HttpClientResponse

/** What the declaration says the answer is. */
type Decoded = Effect.Effect<unknown, unknown, unknown>

class LargeAnswer extends Error {
  readonly decoded: Decoded
  constructor(decoded: Decoded) {
    super("a large answer")
    this.decoded = decoded
  }
}

const failure = (response: Response, cause: unknown) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({ request: response.request, response, cause }),
  })

const decode = (schema: Schema.Top, response: Response, bytes: Buffer): Decoded =>
  Effect.gen(function* () {
    const json = yield* Effect.mapError(parseJson(bytes), ({ cause }) => failure(response, cause))
    if (!HttpApiSchema.isWithHeaders(schema)) return yield* Schema.decodeUnknownEffect(schema)(json)
    const body = yield* Schema.decodeUnknownEffect(schema.schema)(json)
    return HttpApiSchema.withHeaders({
      body,
      headers: yield* Schema.decodeUnknownEffect(schema.headers)(response.headers),
    })
  })

/** Only for an answer that has been read to its end. */
export const replaceLargeBody = (
  response: Response,
  { success }: HttpApiEndpoint.Top,
): Effect.Effect<Response, HttpClientError.HttpClientError> => {
  const [schema] = success
  return response.status !== 200 || schema === undefined || isEventStream(response)
    ? Effect.succeed(response)
    : Effect.map(response.arrayBuffer, (body): Response => {
        if (body.byteLength <= smallJson) return response
        const large = new LargeAnswer(decode(schema, response, Buffer.from(body)))
        return Object.create(response, { arrayBuffer: { value: Effect.fail(failure(response, large)) } })
      })
}

/** The client's `transformResponse`. */
export const decodeLarge = (decoded: Decoded): Decoded =>
  Effect.catch(decoded, (error) => {
    const cause = HttpClientError.isHttpClientError(error) && "cause" in error.reason ? error.reason.cause : undefined
    return cause instanceof LargeAnswer ? cause.decoded : Effect.fail(error)
  })
