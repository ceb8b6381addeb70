/** The machine that this process runs on: what tells its own registrations from those of others. */
import { Context } from "effect"
import { readFileSync } from "node:fs"
import { hostname } from "node:os"

export interface LocalMachineValues {
  readonly hostname: string
  /** Whether a process of that id runs; one that belongs to somebody else does, too. */
  readonly isAlive: (pid: number) => boolean
}

/** Has ended, and nobody has asked for its status yet: in a container without an init it may stay so for ever. */
const isZombie = (pid: number): boolean => {
  try {
    return /\) Z /u.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return false
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0) && !isZombie(pid)
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

export const LocalMachine = Context.Reference<LocalMachineValues>("opencode-fleet/fleet/LocalMachine", {
  defaultValue: () => ({ hostname: hostname(), isAlive }),
})
