/** How an instance is asked: with the password only where that may go, and only while it is the one that was found. */
import type { Credentials, Target } from "../opencode/Target.ts"
import type { Announcement } from "./Discovery.ts"

export const targetOf = (
  { name, passwordWithheld, stillThere, url }: Announcement,
  credentials: Credentials | undefined,
): Target => ({
  instance: name,
  url,
  ...(stillThere === undefined ? {} : { stillThere }),
  ...(passwordWithheld === undefined || credentials === undefined
    ? { credentials }
    : { credentials: undefined, withheld: passwordWithheld }),
})
