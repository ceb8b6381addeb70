/** One refresh: scans, merges announcements of the same server, then names and probes every server. */
import { Clock, Duration, Effect, Option, References, Tracer } from "effect"
import type { Discovery } from "../discovery/Discovery.ts"
import { serversOf } from "../discovery/servers.ts"
import { ScanTimeout } from "../discovery/guarded.ts"
import { hasExited } from "../discovery/hasExited.ts"
import { vouched } from "../discovery/vouched.ts"
import { serverFingerprints } from "../discovery/identification/serverFingerprints.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { HealthCheck } from "./HealthCheck.ts"
import { type Instance, isOnline } from "./Instance.ts"
import { uniqueNames } from "./naming.ts"
import { type Before, makeProbeServers } from "./probeServers.ts"
import { findRefuted } from "./refuted.ts"
import type { Snapshot } from "./Snapshot.ts"
import { makeUnchanged } from "./unchanged.ts"

/** How long the first snapshot waits for slow transports. */
const firstScanTimeout = Duration.millis(2500)

/** How long the first snapshot waits for probes: two timeouts, and a moment. */
const firstProbesTimeout = Duration.seconds(7)

const previousOf = (snapshot: Option.Option<Snapshot>) =>
  Option.match(snapshot, { onNone: () => [], onSome: ({ instances }) => instances })

const statesOf = (instances: ReadonlyArray<Instance>): ReadonlyMap<string, Before> =>
  new Map(
    instances.flatMap(({ fallbacks, health: { state }, lastSeen, url }) =>
      [url, ...fallbacks.map((fallback) => fallback.url)].map((each) => [each, { state, lastSeen }] as const),
    ),
  )

const sorted = (instances: ReadonlyArray<Instance>) =>
  instances.toSorted((one, other) => (one.name < other.name ? -1 : 1))

export interface Take {
  readonly previous: Option.Option<Snapshot>
  /** Probes every server. Otherwise, an instance whose registration is the same as before keeps its health. */
  readonly probesAll: boolean
  /** Receives each instance as soon as its own probe has finished. */
  readonly onProbed: (instance: Instance) => Effect.Effect<unknown>
  /** Receives what has been found, if probing takes long and there is no previous snapshot. */
  readonly onPartial: (snapshot: Snapshot) => Effect.Effect<unknown>
}

/** Makes the function that takes the next snapshot. */
export const makeTakeSnapshot = Effect.fnUntraced(function* (discovery: Discovery["Service"]) {
  const machine = yield* LocalMachine
  const fingerprintsOf = yield* serverFingerprints
  const healthCheck = yield* HealthCheck
  const probeServers = yield* makeProbeServers
  const unchanged = makeUnchanged()

  return Effect.fn("Fleet.refresh")(function* ({ onPartial, onProbed, previous, probesAll }: Take) {
    const isFirst = Option.isNone(previous)
    const scan = yield* isFirst ? Effect.provideService(discovery.scan, ScanTimeout, firstScanTimeout) : discovery.scan
    const announcements = scan.announcements.map((announcement) => vouched(machine, announcement))
    const fingerprintOf = yield* fingerprintsOf(announcements)
    const refuted = yield* findRefuted(announcements, healthCheck, hasExited(machine))
    const found = serversOf(announcements, hasExited(machine), fingerprintOf, (one) => refuted.get(one))
    const servers = uniqueNames(found.servers)
    const problems = [...scan.problems, ...found.problems]
    const reports = scan.reports ?? []

    const before = previousOf(previous)
    const known = new Map(before.map((instance) => [instance.url, instance]))
    const kept = new Map(
      servers.flatMap((server) => {
        const instance = probesAll ? undefined : unchanged.instanceOf(server, known)
        return instance === undefined || instance.health.starting === true || hasExited(machine)(server)
          ? []
          : [[server, instance] as const]
      }),
    )
    const toProbe = servers.filter((server) => !kept.has(server))
    const urls = new Map([...kept].map(([server, { url }]) => [server.name, url]))

    const probed: Array<Instance> = []
    const partial = Effect.gen(function* () {
      const missing = toProbe.length - probed.length
      const reason = `${missing} of ${servers.length} instances have not been probed yet; the next list shows them`
      yield* onPartial({
        instances: sorted(probed),
        problems: [...problems, { source: "the first refresh", reason }],
        reports,
        refreshedAt: yield* Clock.currentTimeMillis,
        incomplete: true,
      })
    })
    const noting = (instance: Instance) =>
      Effect.andThen(
        Effect.sync(() => probed.push(instance)),
        onProbed(instance),
      )
    const probing = probeServers(toProbe, statesOf(before), noting).pipe(
      // A span for each of thousands of probes in every refresh would bury the others.
      Effect.provideService(References.TracerEnabled, false),
      Effect.provideService(Tracer.DisablePropagation, true),
    )
    yield* isFirst
      ? Effect.raceFirst(probing, Effect.andThen(Effect.delay(partial, firstProbesTimeout), Effect.never))
      : probing
    for (const { name, url } of probed) urls.set(name, url)
    unchanged.remember(
      servers.flatMap((server) => {
        const url = urls.get(server.name)
        return url === undefined ? [] : [{ server, url }]
      }),
    )

    const instances = sorted([...kept.values(), ...probed])
    const snapshot: Snapshot = {
      instances,
      problems,
      reports,
      refreshedAt: yield* Clock.currentTimeMillis,
      ...(scan.incomplete === true ? { incomplete: true } : {}),
    }
    const online = instances.filter(isOnline).length
    yield* Effect.logDebug(`refreshed: ${online} of ${instances.length} online, ${snapshot.problems.length} problems`)
    return snapshot
  })
})
