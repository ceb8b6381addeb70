/**
 * The target of requests to an announced instance. It has the fleet's password only if that may be sent there, and only if
 * the instance has no credentials of its own. Targets of equal announcements are equal, so services that keep something per
 * target recognise an instance across scans.
 */
import type { Credentials, Target } from "../opencode/Target.ts"
import type { Announcement } from "./Discovery.ts"

/** The credentials that are sent, or why none are. */
const accessOf = (
  { credentials: own, passwordWithheld, secretsUnknown }: Announcement,
  credentials: Credentials | undefined,
): Pick<Target, "credentials" | "ownCredentials" | "withheld"> => {
  if (own !== undefined) return { credentials: own, ownCredentials: true }
  if (secretsUnknown !== undefined) return { credentials: undefined, withheld: secretsUnknown }
  return passwordWithheld === undefined || credentials === undefined
    ? { credentials }
    : { credentials: undefined, withheld: passwordWithheld }
}

/** `credentials` are the fleet's; `version` is what the server has reported, if it was asked. */
export const targetOf = (
  announcement: Announcement,
  credentials: Credentials | undefined,
  version?: string,
): Target => {
  const { api, directory, headers, listener, name, url } = announcement
  return {
    instance: name,
    url,
    ...(listener === undefined ? {} : { listener }),
    ...(headers === undefined ? {} : { headers }),
    ...(directory === undefined ? {} : { directory }),
    ...(api === undefined ? {} : { api }),
    ...(version === undefined ? {} : { version }),
    ...accessOf(announcement, credentials),
  }
}
