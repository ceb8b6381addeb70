/** The maximum size of an answer in bytes. Transports read it from the fiber of each request. */
import { Context } from "effect"

/** The default is far above a page of a hundred long messages, which has a few megabytes. */
export const MaxResponseBytes = Context.Reference<number>("opencode-fleet/opencode/MaxResponseBytes", {
  defaultValue: () => 64 * 1024 * 1024,
})

/** For probes, which are sent to unknown servers again and again. */
export const maxProbeBytes = 64 * 1024
