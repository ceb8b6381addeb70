/** The machine that this process runs on: what tells its own registrations from those of others. */
import { Context } from "effect"
import { readFileSync } from "node:fs"
import { hostname, networkInterfaces } from "node:os"

export interface LocalMachineValues {
  readonly hostname: string
  /**
   * Whether a process of that id runs; one that belongs to somebody else does, too. With its birth it has to be that
   * very process: a container that is started again gives the same ids to others.
   */
  readonly isAlive: (pid: number, birth?: string) => boolean
  /** Tells a running process from any other of the same id, now or ever; none where the system does not say. */
  readonly birthOf: (pid: number) => string | undefined
  /** The addresses at which other machines may reach it now. */
  readonly addresses: () => ReadonlyArray<string>
}

/** What Linux says of a process behind its name, which may hold anything: its state, …, its start as the 20th. */
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
  // It has ended, and nobody has asked for its status: in a container without an init it may stay so for ever.
  if (!exists(pid) || statOf(pid)[0] === "Z") return false
  const now = birthOf(pid)
  return birth === undefined || now === undefined || birth === now
}

const addresses = () =>
  Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  )

export const LocalMachine = Context.Reference<LocalMachineValues>("opencode-fleet/fleet/LocalMachine", {
  defaultValue: () => ({ hostname: hostname(), isAlive, birthOf, addresses }),
})
