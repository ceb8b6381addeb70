/** The answers of a server that refuses a request, or that is not ready. */
import { Schema, SchemaTransformation } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { RefusedRequest } from "../../http/clientErrors.ts"

const opt = Schema.optionalKey

const ErrorBody = Schema.Struct({ _tag: Schema.String, message: opt(Schema.String) })

const refused = (status: number) =>
  ErrorBody.pipe(
    Schema.decodeTo(
      Schema.toType(RefusedRequest),
      SchemaTransformation.transform<RefusedRequest, typeof ErrorBody.Type>({
        decode: ({ _tag, message }) => new RefusedRequest({ status, message: message ?? _tag }),
        encode: ({ message }) => ({ _tag: "Error", message }),
      }),
    ),
    HttpApiSchema.status(status),
  )

/**
 * While the server is starting or stopping, after it failed to start, and from the proxy of `connect` while it is not running.
 * `action` is a sentence of opencode's.
 */
const UnavailableBody = Schema.Struct({ code: Schema.String, message: opt(Schema.String), action: opt(Schema.String) })

export const unavailable = UnavailableBody.pipe(
  Schema.decodeTo(
    Schema.toType(RefusedRequest),
    SchemaTransformation.transform<RefusedRequest, typeof UnavailableBody.Type>({
      decode: ({ action, code, message }) =>
        new RefusedRequest({
          status: 503,
          message:
            [message, action].filter((sentence) => sentence !== undefined).join(" ") ||
            `the server ${code.includes("stopping") ? "is stopping" : "is starting"}`,
        }),
      encode: ({ message }) => ({ code: "service_failed", message }),
    }),
  ),
  HttpApiSchema.status(503),
)

export const error = [refused(400), refused(404), refused(409), refused(500), unavailable] as const

/** `starting` also while it is stopping. `failed`: it could not start, for example because its database is broken. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", {
  state: Schema.Literals(["starting", "failed"]),
  version: Schema.String,
}) {}

export const Info = Schema.Struct({ version: Schema.String, pid: Schema.Int })

/** The answer of `/api/info`, with another status. */
export const notReady = (state: NotReady["state"], status: number) =>
  Info.pipe(
    Schema.decodeTo(
      Schema.toType(NotReady),
      SchemaTransformation.transform<NotReady, typeof Info.Type>({
        decode: ({ version }) => new NotReady({ state, version }),
        encode: ({ version }) => ({ version, pid: 0 }),
      }),
    ),
    HttpApiSchema.status(status),
  )
