/** When to refresh because of servers that are starting: they are ready a moment later, and announce nothing then. */
import { Stream } from "effect"
import type { Snapshot } from "./Snapshot.ts"

const pause = "1 second"

/** A server that takes longer is seen by the regular refresh. */
const maxRefreshes = 30

/** Emits after each snapshot with a server that is starting. */
export const whileStarting = (snapshots: Stream.Stream<Snapshot>): Stream.Stream<void> =>
  snapshots.pipe(
    Stream.mapAccum(
      () => 0,
      (before, { instances }) => {
        const count = instances.some(({ health }) => health.starting === true) ? before + 1 : 0
        return [count, count > 0 && count <= maxRefreshes ? [undefined] : []] as const
      },
    ),
    Stream.debounce(pause),
  )
