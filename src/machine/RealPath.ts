/** The real path of a file of this machine: without links, and as the file system spells it. */
import { Context, Effect } from "effect"
import { realpath } from "node:fs/promises"

/** A network file system that is unreachable may never answer. */
const timeout = "1 second"

/** Undefined if there is no such file. */
export const RealPath = Context.Reference<(path: string) => Effect.Effect<string | undefined>>(
  "opencode-fleet/machine/RealPath",
  {
    defaultValue: () => (path) =>
      Effect.tryPromise(() => realpath(path)).pipe(
        Effect.timeout(timeout),
        Effect.orElseSucceed(() => undefined),
      ),
  },
)
