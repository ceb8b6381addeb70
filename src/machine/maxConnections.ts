/** How many connections this process can have open at once, as far as its descriptors and its memory allow. */
import { Context } from "effect"
import { readFileSync } from "node:fs"
import { getHeapStatistics } from "node:v8"

const MiB = 1024 * 1024

/** Files, pipes, child processes, and connections that are kept alive. */
const otherDescriptors = 96

/** What the program needs besides its connections. 192 MiB of the limit are for V8's young generation. */
const otherMemory = 232 * MiB

/** A request with its answer, and what waits for it. */
const memoryOfConnection = MiB / 4

/** More at once would not be faster. */
const mostConnections = 2048

const fewestConnections = 16

/** The limit where the system does not report it: Node raises the usual, lower one at its start. */
const usualDescriptors = 1024

/** Infinity if there is no limit. */
const descriptorLimit = (): number => {
  try {
    const limit = /^Max open files\s+(\S+)/mu.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]
    return limit === "unlimited" ? Infinity : Number(limit ?? usualDescriptors)
  } catch {
    return usualDescriptors
  }
}

/** `descriptors` and `memory` (in bytes) are the limits of the process. */
export const connectionsWithin = (descriptors: number, memory: number): number => {
  const byDescriptors = (descriptors - otherDescriptors) / 2
  const byMemory = (memory - otherMemory) / memoryOfConnection
  return Math.max(fewestConnections, Math.min(mostConnections, Math.floor(Math.min(byDescriptors, byMemory))))
}

export const MaxConnections = Context.Reference<number>("opencode-fleet/machine/MaxConnections", {
  defaultValue: () => connectionsWithin(descriptorLimit(), getHeapStatistics().heap_size_limit),
})
