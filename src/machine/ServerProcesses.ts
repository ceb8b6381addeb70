/**
 * Which process of this machine serves which URL. The HTTP client checks it before each request, so that a program that takes
 * over the port of an exited process receives nothing.
 */
import { Context } from "effect"
import type { LocalMachineValues } from "./LocalMachine.ts"

export interface ProcessId {
  readonly pid: number
  /** Distinguishes the process from later ones with the same id; see `LocalMachine.birthOf`. */
  readonly birth: string | undefined
}

export interface ServerProcessesValues {
  /** The opencode process found at this URL by the last scan, if any. */
  readonly at: (url: string) => ProcessId | undefined
  /** Replaces the results of earlier scans. */
  readonly replaceAll: (processes: ReadonlyMap<string, ProcessId>) => void
}

export const makeServerProcesses = (): ServerProcessesValues => {
  let current: ReadonlyMap<string, ProcessId> = new Map()
  return {
    at: (url) => current.get(url),
    replaceAll: (processes) => {
      current = processes
    },
  }
}

/** Written by the transport that finds local processes, read by the HTTP client. */
export const ServerProcesses = Context.Reference<ServerProcessesValues>("opencode-fleet/machine/ServerProcesses", {
  defaultValue: makeServerProcesses,
})

/** Whether `listener` is still running, or a restarted opencode that a later scan found at the same URL. */
export const isServing = (
  { isAlive }: Pick<LocalMachineValues, "isAlive">,
  processes: ServerProcessesValues,
  url: string,
  listener: ProcessId,
): boolean => {
  if (isAlive(listener.pid, listener.birth)) return true
  const successor = processes.at(url)
  return successor !== undefined && isAlive(successor.pid, successor.birth)
}
