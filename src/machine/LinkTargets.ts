/**
 * Reads the links of a directory of `/proc`, many at a time and synchronously: the kernel answers from memory, and a thread
 * and a fiber for each would take twenty times as long. A desktop has ten thousand of them.
 */
import { Array, Context, Effect } from "effect"
import { readlinkSync } from "node:fs"

/** How many links are read, in at most a few milliseconds, before other work continues. */
const atOnce = 200

/** Empty if the link cannot be read: the file has been closed, or the process has exited. */
const targetOf = (link: string): string => {
  try {
    return readlinkSync(link)
  } catch {
    return ""
  }
}

/** The targets of these links, with empty strings for those that cannot be read. */
export const LinkTargets = Context.Reference<
  (directory: string, names: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>>
>("opencode-fleet/machine/LinkTargets", {
  defaultValue: () => (directory, names) =>
    Effect.map(
      Effect.forEach(Array.chunksOf(names, atOnce), (some) =>
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => some.map((name) => targetOf(`${directory}/${name}`))),
        ),
      ),
      Array.flatten,
    ),
})
