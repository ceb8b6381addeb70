/**
 * Bounds on the size of answers in bytes, after decompression. A route declares its bound as an annotation, and transports read
 * it from the fiber of each request. A caller may lower it for its request.
 */
import { Context } from "effect"

const KiB = 1024
const MiB = 1024 * KiB

/** An answer of fixed size, such as that of a probe, which may come from any program. */
export const smallAnswer = 64 * KiB

/** One item, or a list with few items. */
export const mediumAnswer = 8 * MiB

/** A page of messages, which is read in halves if it is larger. */
export const pageAnswer = 16 * MiB

/** The default: far above a page of a hundred long messages, which has a few megabytes. */
const largeAnswer = 64 * MiB

export const MaxResponseBytes = Context.Reference<number>("opencode-fleet/opencode/MaxResponseBytes", {
  defaultValue: () => largeAnswer,
})
