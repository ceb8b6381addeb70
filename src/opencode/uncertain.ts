/** Requests of unknown outcome: what is said about them. */
import { type ClientError, EffectUncertain } from "./errors.ts"

/** Why a request failed, in a few words. */
export const reasonOf = (error: ClientError): string => {
  switch (error._tag) {
    case "InstanceUnreachable":
      return error.detail
    case "RequestTimeout":
      return `no answer within ${error.seconds} s`
    case "OpencodeError":
    case "UnexpectedResponse":
      return error.status === undefined ? error.detail : `status ${error.status}: ${error.detail}`
    default:
      return error.message
  }
}

/** The error of a request that may have taken effect. `seen`: what opencode shows afterwards. */
export const uncertain = (
  effect: EffectUncertain["effect"],
  session: string,
  error: ClientError,
  seen?: string,
): EffectUncertain =>
  new EffectUncertain({
    instance: error.instance,
    effect,
    session,
    detail: seen === undefined ? reasonOf(error) : `${seen}; ${reasonOf(error)}`,
  })
