/** The machine that this process runs on: what tells its own registrations from those of others. */
import { Context } from "effect"
import { hostname } from "node:os"

export interface LocalMachineValues {
  readonly hostname: string
  /** Whether a process of that id exists; one that belongs to somebody else does, too. */
  readonly isAlive: (pid: number) => boolean
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

export const LocalMachine = Context.Reference<LocalMachineValues>("opencode-fleet/fleet/LocalMachine", {
  defaultValue: () => ({ hostname: hostname(), isAlive }),
})
