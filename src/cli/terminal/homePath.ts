/** Paths as a person writes them. */
import { Effect } from "effect"
import { homeDirectory } from "../../machine/homeDirectory.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"

/** A path on the machine with that name, with `~` for the home directory if it is this machine. */
export type ShowPath = (path: string, host: string | undefined) => string

const firstLabel = (host: string) => host.split(".")[0]?.toLowerCase()

export const showPath =
  (home: string | undefined, hostname: string): ShowPath =>
  (path, host) => {
    const isHere = host !== undefined && firstLabel(host) === firstLabel(hostname)
    if (!isHere || home === undefined || home === "/") return path
    return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
  }

/** {@link ShowPath} for this machine and user. */
export const homePath = Effect.map(LocalMachine, ({ hostname }) => showPath(homeDirectory(), hostname))
