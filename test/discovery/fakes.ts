/** A fleet over a simulated discovery and health check. */
import { Clock, Context, Effect, Layer, Queue, Ref, Stream } from "effect"
import { type Announcement, Discovery, type Problem, type Scan } from "../../src/discovery/Discovery.ts"
import { Fleet, type FleetOptions } from "../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../src/fleet/HealthCheck.ts"
import { Identification } from "../../src/discovery/identification/Identification.ts"
import type { Health, HealthState } from "../../src/fleet/Instance.ts"
import { refused } from "./verdicts.ts"

export const interval = 30_000

/** How long a simulated scan takes, so that a test can act during one. */
export const scanTime = 2000

const healthOf = (state: HealthState, checkedAt: number): Health => ({
  state,
  version: state === "online" ? "1.18.33" : undefined,
  latency: state === "online" ? 1 : undefined,
  reason: state === "online" ? "" : "not today",
  checkedAt,
})

const healthCheck = (state: (url: string) => HealthState, slow: ReadonlyMap<string, number> = new Map()) =>
  Layer.succeed(HealthCheck, {
    probe: ({ url }) => {
      const health = Effect.map(Clock.currentTimeMillis, (now) => healthOf(state(url), now))
      const time = slow.get(url)
      return time === undefined ? health : Effect.delay(health, time)
    },
  })

/** Everything is online. */
export const healthy = healthCheck(() => "online")

/** No server is an opencode or has a fingerprint. */
export const unidentified = Layer.succeed(Identification, {
  identify: () => Effect.succeed(refused),
  fingerprintOf: () => Effect.succeedNone,
})

export interface Setup {
  readonly fleet: Fleet["Service"]
  /** How many scans have started. */
  readonly scans: Effect.Effect<number>
  /** Makes scans find these. */
  readonly find: (announcements: ReadonlyArray<Announcement>, problems?: ReadonlyArray<Problem>) => Effect.Effect<void>
  /** Sets the state of the instance at this URL. The default is online. */
  readonly make: (url: string, state: HealthState) => Effect.Effect<void>
  /** Sets how many milliseconds a probe of the instance at this URL takes. The default is 0. */
  readonly slow: (url: string, milliseconds: number) => Effect.Effect<void>
  /** Makes the discovery emit a change. */
  readonly change: Effect.Effect<void>
}

/** A scan finds what is there when it starts. */
export const start = Effect.fnUntraced(function* (first: ReadonlyArray<Announcement> = [], options: FleetOptions = {}) {
  const found = yield* Ref.make<Scan>({ announcements: first, problems: [] })
  const states = new Map<string, HealthState>()
  const slow = new Map<string, number>()
  const changes = yield* Queue.unbounded<void>()
  const scans = yield* Ref.make(0)
  const scan = Ref.update(scans, (count) => count + 1).pipe(
    Effect.andThen(Ref.get(found)),
    Effect.tap(Effect.sleep(scanTime)),
  )
  const services = yield* Layer.build(
    Fleet.layer({ refreshEvery: interval, ...options }).pipe(
      Layer.provide([
        Layer.succeed(Discovery, { scan, changes: Stream.fromQueue(changes) }),
        healthCheck((url) => states.get(url) ?? "online", slow),
        unidentified,
      ]),
    ),
  )
  const setup: Setup = {
    fleet: Context.get(services, Fleet),
    scans: Ref.get(scans),
    find: (announcements, problems = []) => Ref.set(found, { announcements, problems }),
    make: (url, state) => Effect.sync(() => states.set(url, state)),
    slow: (url, milliseconds) => Effect.sync(() => slow.set(url, milliseconds)),
    change: Effect.asVoid(Queue.offer(changes, undefined)),
  }
  return setup
})
