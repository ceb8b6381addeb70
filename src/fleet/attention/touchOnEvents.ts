/** Has {@link Attention} notice what happens at the instances as it happens, instead of at the next refresh. */
import { Effect } from "effect"
import { targetOf } from "../../discovery/target.ts"
import { InstanceEvents, type Notice } from "../../opencode/events/InstanceEvents.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { Fleet } from "../Fleet.ts"
import { followOnline } from "../followOnline.ts"
import type { Instance } from "../Instance.ts"
import { Attention } from "./Attention.ts"

/** Whether a report may have changed. Texts and tools change none. */
const matters = (notice: Notice): boolean => {
  if (notice._tag === "Lost") return false
  if (notice._tag !== "Event") return true
  switch (notice.event._tag) {
    case "RequestOpened":
    case "RequestSettled":
    case "SessionDeleted":
    case "StatusChanged":
      return true
    default:
      return false
  }
}

/**
 * Follows the events of every online instance until it is interrupted. It keeps one connection to each, so it is for a
 * program that shows the fleet to a person, not for every server.
 */
export const touchOnEvents = Effect.fnUntraced(function* (credentials: Credentials | undefined) {
  const attention = yield* Attention
  const events = yield* InstanceEvents
  const fleet = yield* Fleet

  const follow = (instance: Instance) =>
    Effect.gen(function* () {
      const { take } = yield* events.subscribe(targetOf(instance, credentials, instance.health.version))
      const next = Effect.flatMap(take, (notice) => (matters(notice) ? attention.touch(instance.url) : Effect.void))
      return yield* Effect.forever(next)
    }).pipe(Effect.scoped, Effect.ignore)

  yield* followOnline(fleet.changes, follow)
})
