/** The home directory of this process's user. */
import { Context } from "effect"
import { homedir, userInfo } from "node:os"
import { isAbsolute } from "node:path"

/** Both throw for a user id without an account, as in many containers. */
const absolute = (read: () => string): string | undefined => {
  try {
    const directory = read()
    return isAbsolute(directory) ? directory : undefined
  } catch {
    return undefined
  }
}

/** What the system's database of users says, whatever `HOME` is. Undefined for a user without an account. */
export const AccountHome = Context.Reference<string | undefined>("opencode-fleet/machine/AccountHome", {
  defaultValue: () => absolute(() => userInfo().homedir),
})

/** `HOME` if it is absolute, otherwise that of the account. */
export const homeDirectory = (): string | undefined => absolute(homedir) ?? absolute(() => userInfo().homedir)
