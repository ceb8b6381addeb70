/** How an instance is asked: with the password only where that may go. */
import type { Credentials, Target } from "../opencode/Target.ts"
import type { Announcement } from "./Discovery.ts"

export const targetOf = (
  { name, passwordWithheld, url }: Pick<Announcement, "name" | "passwordWithheld" | "url">,
  credentials: Credentials | undefined,
): Target =>
  passwordWithheld === undefined || credentials === undefined
    ? { instance: name, url, credentials }
    : { instance: name, url, credentials: undefined, withheld: passwordWithheld }
