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

/** The process that serves an instance, as one of the transports has found it. */
export interface Listener extends ProcessId {
  /** The name of that transport. */
  readonly foundBy: string
}

interface ServerProcessesValues {
  /** The opencode process that the last scan of this transport found at this URL, if any. */
  readonly at: (url: string, foundBy: string) => ProcessId | undefined
  /** Replaces the results of that transport's earlier scans. */
  readonly replaceAll: (foundBy: string, processes: ReadonlyMap<string, ProcessId>) => void
}

export const makeServerProcesses = (): ServerProcessesValues => {
  const current = new Map<string, ReadonlyMap<string, ProcessId>>()
  return {
    at: (url, foundBy) => current.get(foundBy)?.get(url),
    replaceAll: (foundBy, processes) => void current.set(foundBy, processes),
  }
}

/** Written by the transports that find local processes, read by the HTTP client. */
export const ServerProcesses = Context.Reference<ServerProcessesValues>("opencode-fleet/machine/ServerProcesses", {
  defaultValue: makeServerProcesses,
})

/** Whether `listener` is still running, or a restarted opencode that the same transport found at the same URL later. */
export const isServing = (
  { isAlive }: Pick<LocalMachineValues, "isAlive">,
  processes: ServerProcessesValues,
  url: string,
  listener: Listener,
): boolean => {
  if (isAlive(listener.pid, listener.birth)) return true
  const successor = processes.at(url, listener.foundBy)
  return successor !== undefined && isAlive(successor.pid, successor.birth)
}
