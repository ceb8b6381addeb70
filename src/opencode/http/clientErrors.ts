/** Maps the failures of a version's HTTP client to the errors of `errors.ts`. */
import { type Cause, Option, Schema } from "effect"
import { HttpClientError, type HttpClientRequest } from "effect/http"
import {
  type ClientError,
  InstanceUnreachable,
  OpencodeError,
  processExited,
  RequestTimeout,
  SessionNotFound,
  Unauthorized,
  UnexpectedResponse,
} from "../errors.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Target } from "../Target.ts"

/** opencode's `www-authenticate` header on every 401, the same in all versions. */
export const opencodeChallenge = 'Basic realm="Secure Area"'

/** 401. */
export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {
  /** The `www-authenticate` header; empty if there is none. */
  challenge: Schema.String,
}) {}

/** opencode answered with an error and its reason. */
export class RefusedRequest extends Schema.TaggedError<RefusedRequest>()("RefusedRequest", {
  status: Schema.Finite,
  /** opencode's own text. */
  message: Schema.String,
}) {}

/** An answer with a content type that opencode's API does not send. */
export class NotOpencode extends Schema.TaggedError<NotOpencode>()("NotOpencode", {
  status: Schema.Finite,
  detail: Schema.String,
}) {}

/** Everything that a method of a version's HTTP client can fail with. */
export type RawError =
  | InvalidCredentials
  | RefusedRequest
  | NotOpencode
  | HttpClientError.HttpClientError
  | Schema.SchemaError
  | Cause.TimeoutError

/** The request that failed. */
export interface Operation {
  readonly name: string
  readonly session?: SessionId
  /** In seconds. */
  readonly timeout: number
}

/** Node puts the reason two levels down: `TypeError: fetch failed`, cause `{ code: "ECONNREFUSED", message: "…" }`. */
const decodeFetchError = Schema.decodeUnknownOption(
  Schema.Struct({
    cause: Schema.Struct({
      name: Schema.optional(Schema.String),
      code: Schema.optional(Schema.String),
      message: Schema.optional(Schema.String),
    }),
  }),
)

/** A failed connection in the shape of `fetch`'s own errors; `cause` is the system's error. */
export const transportError = (request: HttpClientRequest.HttpClientRequest, cause: unknown) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause: new Error("the request failed", { cause }) }),
  })

/** Error codes of connections that were never made, so the request cannot have arrived. */
const neverConnected = new Map([
  ...[
    "ECONNREFUSED",
    "EHOSTDOWN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENETDOWN",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EADDRNOTAVAIL",
    "UND_ERR_CONNECT_TIMEOUT",
  ].map((code) => [code, code] as const),
  [processExited, processExited],
  // https://fetch.spec.whatwg.org/#port-blocking
  ["bad port", "HTTP clients refuse this port, because it belongs to another protocol; use another one"],
])

const fromTransport = ({ instance, url }: Target, operation: string, error: unknown) => {
  const cause = Option.match(decodeFetchError(error), { onNone: () => undefined, onSome: ({ cause }) => cause })
  const reason = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : "the connection failed")
  return cause?.name === "HTTPParserError"
    ? new UnexpectedResponse({ instance, url, operation, detail: "not HTTP" })
    : new InstanceUnreachable({
        instance,
        url,
        mayHaveArrived: !neverConnected.has(reason),
        detail: neverConnected.get(reason) ?? reason,
      })
}

export const toClientError =
  (target: Target, operation: Operation) =>
  (error: RawError): ClientError => {
    const { api, instance, ownCredentials, url, withheld } = target
    const unexpected = (detail: string, status?: number) =>
      new UnexpectedResponse({
        instance,
        url,
        operation: operation.name,
        detail,
        ...(status === undefined ? {} : { status }),
      })
    switch (error._tag) {
      case "TimeoutError":
        return new RequestTimeout({ instance, url, operation: operation.name, seconds: operation.timeout })
      case "InvalidCredentials":
        return new Unauthorized({
          instance,
          url,
          isOpencode: error.challenge === opencodeChallenge,
          ...(api === undefined ? {} : { api }),
          ...(withheld === undefined ? {} : { withheld }),
          ...(ownCredentials === undefined ? {} : { ownCredentials }),
        })
      case "RefusedRequest":
        return error.status === 404 && operation.session !== undefined
          ? new SessionNotFound({ instance, session: operation.session })
          : new OpencodeError({ instance, operation: operation.name, status: error.status, detail: error.message })
      case "NotOpencode":
        return unexpected(error.detail, error.status)
      case "SchemaError":
        return unexpected(firstLine(error.message))
      case "HttpClientError": {
        const { reason } = error
        if (reason._tag === "TransportError") return fromTransport(target, operation.name, reason.cause)
        if (!("response" in reason)) return unexpected(firstLine(reason.message))
        const { status } = reason.response
        return unexpected(status < 300 ? decodeDetail(reason) : "an error without a reason", status)
      }
    }
  }

const firstLine = (text: string) => text.split("\n", 1)[0] ?? ""

/** Why the answer could not be read, for example because it is too long. */
const decodeDetail = ({ cause, message }: { readonly cause?: unknown; readonly message: string }) =>
  firstLine(cause instanceof Error && cause.message !== "" ? cause.message : message)
