/**
 * The target of requests to an announced instance. It has the password only if that may be sent there. Targets of equal
 * announcements are equal, so services that keep something per target recognise an instance across scans.
 */
import type { Credentials, Target } from "../opencode/Target.ts"
import type { Announcement } from "./Discovery.ts"

export const targetOf = (
  { name, passwordWithheld, url, listener }: Announcement,
  credentials: Credentials | undefined,
): Target => ({
  instance: name,
  url,
  ...(listener === undefined ? {} : { listener }),
  ...(passwordWithheld === undefined || credentials === undefined
    ? { credentials }
    : { credentials: undefined, withheld: passwordWithheld }),
})
