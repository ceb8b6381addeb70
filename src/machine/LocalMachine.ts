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

const birthOf = (pid: number): string | undefined => {
  const ticks = statOf(pid)[19]
  return ticks === undefined ? undefined : `${bootId()}:${ticks}`
}

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

const isAlive = (pid: number, birth?: string): boolean => {
  // A zombie has exited. In a container without an init process it may stay one forever.
  if (!exists(pid) || statOf(pid)[0] === "Z") return false
  const now = birthOf(pid)
  return birth === undefined || now === undefined || birth === now
}

const addresses = () =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  )

export const LocalMachine = Context.Reference<LocalMachineValues>("opencode-fleet/machine/LocalMachine", {
  defaultValue: () => ({ hostname: hostname(), isAlive, birthOf, addresses }),
})
