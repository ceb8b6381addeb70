/** The fleet as one refresh found it. */
import type { Problem, TransportReport } from "../discovery/Discovery.ts"
import { Option } from "effect"
import type { Health, Instance } from "./Instance.ts"

export interface Snapshot {
  /** Sorted by name. */
  readonly instances: ReadonlyArray<Instance>
  /** What was found and could not be used. */
  readonly problems: ReadonlyArray<Problem>
  /** How the scan of each transport went. */
  readonly reports: ReadonlyArray<TransportReport>
  /** Epoch milliseconds. */
  readonly refreshedAt: number
  /** Whether a transport was still being scanned. Only the first snapshot may be incomplete. */
  readonly incomplete?: boolean
}

const isOther = (one: Health, other: Health) =>
  one.state !== other.state || one.reason !== other.reason || one.version !== other.version

const isOutdated = (one: Instance, url: string, health: Health) =>
  one.url === url && one.health.checkedAt <= health.checkedAt && isOther(one.health, health)

const updated = (instance: Instance, health: Health): Instance => ({
  ...instance,
  health,
  lastSeen: health.state === "online" ? health.checkedAt : instance.lastSeen,
})

/** The snapshot with a newer health of the instance at this URL; None if that changes nothing that is shown. */
export const withHealth = (before: Option.Option<Snapshot>, url: string, health: Health): Option.Option<Snapshot> =>
  Option.flatMap(before, (snapshot) => {
    const instances = snapshot.instances.map((one) => (isOutdated(one, url, health) ? updated(one, health) : one))
    const isSame = instances.every((one, index) => one === snapshot.instances[index])
    return isSame ? Option.none() : Option.some({ ...snapshot, instances })
  })

/** A new snapshot, in which an instance that was probed since keeps that health. */
export const withNewerHealth = (
  snapshot: Snapshot,
  before: Option.Option<Snapshot>,
): readonly [Snapshot, Option.Option<Snapshot>] => {
  const known = new Map(
    Option.toArray(before).flatMap(({ instances }) => instances.map((one) => [one.url, one.health])),
  )
  const instances = snapshot.instances.map((one) => {
    const health = known.get(one.url)
    return health !== undefined && health.checkedAt > one.health.checkedAt && isOther(one.health, health)
      ? updated(one, health)
      : one
  })
  const merged = instances.every((one, index) => one === snapshot.instances[index])
    ? snapshot
    : { ...snapshot, instances }
  return [merged, Option.some(merged)]
}
