/** Why a probe found an instance not online: a state, and a reason that continues after the instance's name. */
import type { Announcement } from "../discovery/Discovery.ts"
import { type ClientError, processExited, type Unauthorized } from "../opencode/errors.ts"
import { triedVersions } from "../opencode/triedVersions.ts"
import type { Health, HealthState } from "./Instance.ts"
import { exitedText } from "./serverIdentity.ts"

export const stateOf = (error: ClientError): HealthState => {
  switch (error._tag) {
    case "RequestTimeout":
      return "timeout"
    case "InstanceUnreachable":
      return "unreachable"
    case "Unauthorized":
      return "unauthorized"
    case "OpencodeError":
      // From the proxy of `connect`, while the service behind it is not running.
      return error.status === 503 ? "unreachable" : "unhealthy"
    default:
      return "unhealthy"
  }
}

/** `hasPassword`: whether there is one for this instance. */
export const authorizationOf = (error: ClientError, hasPassword: boolean): Pick<Health, "api" | "authorization"> => {
  if (error._tag !== "Unauthorized") return {}
  const api = error.api === undefined ? {} : { api: error.api }
  if (error.withheld !== undefined) return { ...api, authorization: "withheld" }
  return { ...api, authorization: hasPassword ? "rejected" : "missing" }
}

const refusal = ({ api, withheld }: Unauthorized, { passwordWithheld }: Announcement, hasPassword: boolean): string => {
  const what = api === 2 ? "is opencode 2 and wants its password" : "asks for a password"
  if (withheld !== undefined) return `${what}, which is not sent there: ${withheld}`
  if (hasPassword) return `${api === 2 ? "is opencode 2 and " : ""}refuses the password or user name`
  return `${what}, and none is set${passwordWithheld === undefined ? "" : `. None is sent there yet: ${passwordWithheld}`}`
}

export const reasonOf = (error: ClientError, announcement: Announcement, hasPassword: boolean): string => {
  switch (error._tag) {
    case "RequestTimeout":
      return error.connected === false
        ? `could not be connected to within ${error.seconds} s; its machine may be asleep, or a firewall drops connections`
        : `did not answer within ${error.seconds} s; it may be starting, stuck or overloaded`
    case "InstanceUnreachable":
      if (error.detail === processExited) {
        return announcement.api === 2
          ? `${processExited}; opencode starts it again when it is used there`
          : processExited
      }
      return `nothing answers there (${error.detail}); opencode or the tunnel to it may be down, or the machine asleep`
    case "Unauthorized":
      return refusal(error, announcement, hasPassword)
    case "OpencodeError":
      return error.status === 503 ? error.detail : error.message
    case "UnexpectedResponse":
      return `answers, but not as opencode does: ${error.detail} (tried with opencode ${triedVersions.oldest} to ${triedVersions.newest})`
    default:
      return error.message
  }
}

/** The health of an instance whose process has exited, as far as it differs from that of others. */
export const exitedHealth = (error: ClientError, announcement: Announcement): Partial<Health> => {
  const exited = exitedText(announcement)
  switch (error._tag) {
    case "InstanceUnreachable":
    case "RequestTimeout":
      return { state: "unreachable", reason: exited }
    case "Unauthorized":
      return {
        authorization: "withheld",
        replaced: true,
        reason: `${exited}; the server that has its port now asks for a password, which is not sent there`,
      }
    default:
      return { replaced: true, reason: `${exited}, and another program has its port now` }
  }
}
