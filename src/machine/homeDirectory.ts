/** The home directory of this process's user. It uses Node alone, because `main.ts` needs it before anything else is loaded. */
import { homedir, userInfo } from "node:os"
import { isAbsolute } from "node:path"

/** Both sources throw for a user id without an account, as in many containers. */
const absolute = (read: () => string): string | undefined => {
  try {
    const directory = read()
    return isAbsolute(directory) ? directory : undefined
  } catch {
    return undefined
  }
}

/** What the system's database of users says, whatever `HOME` is. Undefined for a user without an account. */
export const accountHome = (): string | undefined => absolute(() => userInfo().homedir)

/** `HOME` if it is absolute, otherwise that of the account. */
export const homeDirectory = (): string | undefined => absolute(homedir) ?? accountHome()
