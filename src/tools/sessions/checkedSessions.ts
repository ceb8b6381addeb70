/** The sessions of an instance, and those whose activity is asked for. */
import { Effect } from "effect"
import { ownSessions } from "../../fleet/homes.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { worthAsking } from "../../opencode/sessions/activity.ts"
import type { Opencode } from "../../opencode/Opencode.ts"

/** Maximum number of directories that are checked, the most recently used ones. */
const maxDirectories = 20

/** `now` is in epoch milliseconds. */
export const checkedSessions = (
  instance: Instance,
  instances: ReadonlyArray<Instance>,
  opencode: Opencode,
  now: number,
) => {
  return opencode.sessions.pipe(
    Effect.flatMap((all) => ownSessions(opencode, instance, instances, all)),
    Effect.map((sessions) => ({
      sessions,
      checked: worthAsking(opencode, sessions, { home: instance.directory, limit: maxDirectories, now }),
    })),
  )
}
