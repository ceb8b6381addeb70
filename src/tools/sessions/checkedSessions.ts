/** The sessions of an instance, and those whose activity is asked for. */
import { Effect } from "effect"
import { isHome } from "../../fleet/homes.ts"
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
  return Effect.map(opencode.sessions, (all) => {
    const sessions = all.filter(isHome(instance, instances, all))
    return {
      sessions,
      checked: worthAsking(opencode, sessions, { home: instance.directory, limit: maxDirectories, now }),
    }
  })
}
