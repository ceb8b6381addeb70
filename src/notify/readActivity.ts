/** What is going on at an instance, for when its events have been missed. */
import { Effect } from "effect"
import { recentActivity } from "../fleet/attention/recentActivity.ts"
import type { Instance } from "../fleet/Instance.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import { countingUnreadable } from "../opencode/Unreadable.ts"

/** Maximum number of directories that are asked about, where opencode has to load each. */
const maxDirectories = 10

/** The active sessions, and the requests that wait for a person. A directory in which opencode cannot work has none. */
export const readActivity = (opencode: Opencode, instance: Instance, instances: ReadonlyArray<Instance>) =>
  Effect.map(
    countingUnreadable(recentActivity(opencode, instance, () => instances, maxDirectories)),
    ({ result: { active, pending } }) => ({ running: [...active.keys()], pending }),
  )
