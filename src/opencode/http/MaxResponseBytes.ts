/** The bound on an answer's size, in bytes. Transports read it from the fiber of each request. */
import { Context } from "effect"

/** The default lets a page of a hundred long messages pass, which has a few megabytes. */
export const MaxResponseBytes = Context.Reference<number>("opencode-fleet/opencode/MaxResponseBytes", {
  defaultValue: () => 64 * 1024 * 1024,
})

/** For probes, which go to any server that listens somewhere, again and again. */
export const maxProbeBytes = 64 * 1024
