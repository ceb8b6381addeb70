/** Classifies the error of a request: whether to retry the request, and whether it may have taken effect. */
import type { ClientError } from "./errors.ts"

/** Whether the instance is unreachable or starting, or a proxy in front of it reports that. opencode has done nothing. */
export const isAway = (error: ClientError): boolean =>
  error._tag === "InstanceUnreachable" ||
  error._tag === "RequestTimeout" ||
  (error._tag === "OpencodeError" && error.status === 503) ||
  (error._tag === "UnexpectedResponse" && (error.status ?? 0) >= 500)

/** Whether a retry may help. For reads only. */
export const isTransient = (error: ClientError): boolean =>
  isAway(error) || (error._tag === "OpencodeError" && error.status >= 500)

/**
 * Whether the request may have taken effect despite the error. A proxy can lose opencode's answer and send an error page
 * of its own, so an unexpected response with a server error status counts too.
 */
export const mayHaveArrived = (error: ClientError): boolean =>
  error._tag === "RequestTimeout" ||
  (error._tag === "InstanceUnreachable" && error.mayHaveArrived) ||
  (error._tag === "UnexpectedResponse" && (error.status ?? 500) >= 500)

/** Whether opencode does not send something, or sends what cannot be read, so that another try does not help. */
export const isUnreadableAnswer = (error: ClientError): boolean =>
  (error._tag === "OpencodeError" && error.status === 400) ||
  (error._tag === "UnexpectedResponse" && !isTransient(error) && error.status !== 405)
