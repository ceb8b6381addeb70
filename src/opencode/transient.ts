/** Classifies the error of a request: whether to retry the request, and whether it may have taken effect. */
import { Effect, Schedule } from "effect"
import type { ClientError } from "./errors.ts"

/** Whether the instance is unreachable or starting, or a proxy in front of it reports that. opencode has done nothing. */
export const isAway = (error: ClientError): boolean =>
  error._tag === "InstanceUnreachable" ||
  error._tag === "RequestTimeout" ||
  (error._tag === "OpencodeError" && error.status >= 502) ||
  (error._tag === "UnexpectedResponse" && (error.status ?? 0) >= 500)

/** Whether a retry may help. For reads only. */
export const isTransient = (error: ClientError): boolean =>
  isAway(error) || (error._tag === "OpencodeError" && error.status >= 500)

/** A proxy's status for a server that it does not reach, or that did not answer it in time. */
const isGateway = (status: number) => status === 408 || status === 502 || status === 504

/**
 * Whether the request may have taken effect despite the error. A proxy can lose opencode's answer and send one of its own, so
 * an answer that is not opencode's leaves it open, unless its status says that the request was refused.
 */
export const mayHaveArrived = (error: ClientError): boolean => {
  switch (error._tag) {
    case "RequestTimeout":
      return error.connected !== false
    case "EffectUncertain":
      return true
    case "InstanceUnreachable":
      return error.mayHaveArrived
    case "OpencodeError":
      return isGateway(error.status)
    case "UnexpectedResponse": {
      const { status = 500 } = error
      return status < 300 || status >= 500 || isGateway(status)
    }
    default:
      return false
  }
}

/** Repeats a request that has no effect of its own until the instance is back, for up to 10 s. */
export const untilBack = <A, R>(request: Effect.Effect<A, ClientError, R>): Effect.Effect<A, ClientError, R> =>
  Effect.retry(request, {
    while: isTransient,
    schedule: Schedule.upTo(Schedule.spaced("1 second"), { duration: "10 seconds" }),
  })

/** Whether opencode does not send something, or sends what cannot be read, so that another try does not help. */
export const isUnreadableAnswer = (error: ClientError): boolean =>
  (error._tag === "OpencodeError" && error.status === 400) ||
  (error._tag === "UnexpectedResponse" && !isTransient(error) && error.status !== 405)
