/** Maps the failures of a version's HTTP client to the errors of `errors.ts`. */
import { Predicate, Schema } from "effect"
import { HttpClientError, type HttpClientRequest } from "effect/http"
import { errorCode } from "../../machine/errorCode.ts"
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
import type { NoAnswer } from "./withTimeout.ts"

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
  /** In seconds. */
  retryAfter: Schema.optionalKey(Schema.Finite),
}) {}

/** An answer that opencode's API does not send. */
export class NotOpencode extends Schema.TaggedError<NotOpencode>()("NotOpencode", {
  status: Schema.Finite,
  detail: Schema.String,
  /** In seconds. */
  retryAfter: Schema.optionalKey(Schema.Finite),
}) {}

/** Everything that a method of a version's HTTP client can fail with. */
export type RawError =
  | InvalidCredentials
  | RefusedRequest
  | NotOpencode
  | HttpClientError.HttpClientError
  | Schema.SchemaError
  | NoAnswer

/** The request that failed. */
export interface Operation {
  readonly name: string
  readonly session?: SessionId
  /** In seconds. */
  readonly timeout: number
}

/** A failed connection in the shape of `fetch`'s own errors; `cause` is the system's error. */
export const transportError = (request: HttpClientRequest.HttpClientRequest, cause: unknown) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause: new Error("the request failed", { cause }) }),
  })

/** The connection broke within the answer. opencode has received the request. */
export const brokenAnswer = (request: HttpClientRequest.HttpClientRequest, cause: unknown) =>
  transportError(request, isNotHttp(cause) ? cause : new Error("its answer broke off", { cause }))

/** Error codes of connections that were never made, so the request cannot have arrived. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  processExited,
])

/** Node's HTTP parser, and that of `fetch`. */
const isNotHttp = (error: unknown) =>
  errorCode(error)?.startsWith("HPE_") === true ||
  (Predicate.hasProperty(error, "name") && error.name === "HTTPParserError")

const fromTransport = ({ instance, url }: Target, operation: string, error: unknown) => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (isNotHttp(cause)) return new UnexpectedResponse({ instance, url, operation, detail: "not HTTP" })
  const detail = errorCode(cause) ?? (cause instanceof Error ? cause.message : "the connection failed")
  return new InstanceUnreachable({ instance, url, mayHaveArrived: !neverConnected.has(detail), detail })
}

export const toClientError =
  (target: Target, operation: Operation) =>
  (error: RawError): ClientError => {
    const { api, instance, ownCredentials, url, version, withheld } = target
    const unexpected = (detail: string, status?: number, retryAfter?: number) =>
      new UnexpectedResponse({
        instance,
        url,
        operation: operation.name,
        detail,
        ...(status === undefined ? {} : { status }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(version === undefined ? {} : { version }),
      })
    switch (error._tag) {
      case "NoAnswer": {
        const connected = error.isConnected ? {} : { connected: false }
        return new RequestTimeout({
          instance,
          url,
          operation: operation.name,
          seconds: operation.timeout,
          ...connected,
        })
      }
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
          : new OpencodeError({
              instance,
              operation: operation.name,
              status: error.status,
              detail: error.message,
              ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
            })
      case "NotOpencode":
        return unexpected(error.detail, error.status, error.retryAfter)
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
