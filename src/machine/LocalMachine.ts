/** The machine that this process runs on: its host name, its processes and its addresses. */
import { Context } from "effect"
import { readFileSync } from "node:fs"
import { hostname, networkInterfaces } from "node:os"

export interface LocalMachineValues {
  readonly hostname: string
  /**
   * Whether a process with this id is running, under any user. With `birth`, it must be the same process, because ids are
   * reused, for example by a restarted container.
   */
  readonly isAlive: (pid: number, birth?: string) => boolean
  /** Distinguishes a running process from others with the same id. Undefined if the system does not report it. */
  readonly birthOf: (pid: number) => string | undefined
  /** The current addresses at which other machines may reach this one. */
  readonly addresses: () => ReadonlyArray<string>
}

/** The fields of `/proc/PID/stat` after the name, which may contain any character: first the state, 20th the start time. */
const statOf = (pid: number): ReadonlyArray<string> => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  } catch {
    return []
  }
}

const bootId = (): string => {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()
  } catch {
    return ""
  }
}

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

/** Asks once for each process: a refresh does it several times for each instance. */
const makeProcesses = (): Pick<LocalMachineValues, "isAlive" | "birthOf"> => {
  let boot: string | undefined
  const birthIn = (stat: ReadonlyArray<string>) => {
    const ticks = stat[19]
    return ticks === undefined ? undefined : `${(boot ??= bootId())}:${ticks}`
  }
  return {
    birthOf: (pid) => birthIn(statOf(pid)),
    isAlive: (pid, birth) => {
      const stat = statOf(pid)
      // A zombie has exited. In a container without an init process it may stay one forever.
      if (stat.length === 0 ? !exists(pid) : stat[0] === "Z") return false
      return birth === undefined || birth === (birthIn(stat) ?? birth)
    },
  }
}

const addresses = () =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  )

export const LocalMachine = Context.Reference<LocalMachineValues>("opencode-fleet/machine/LocalMachine", {
  defaultValue: () => ({ hostname: hostname(), ...makeProcesses(), addresses }),
})
