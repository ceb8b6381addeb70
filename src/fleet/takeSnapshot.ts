/** One refresh: scans, merges announcements of the same server, then names and probes every server. */
import { Clock, Duration, Effect, Option, References, Tracer } from "effect"
import type { Discovery } from "../discovery/Discovery.ts"
import { serversOf, type Server } from "../discovery/servers.ts"
import { ScanTimeout } from "../discovery/guarded.ts"
import { hasExited } from "../discovery/hasExited.ts"
import { vouched } from "../discovery/vouched.ts"
import { serverFingerprints } from "../discovery/identification/serverFingerprints.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { bestEndpoint } from "./bestEndpoint.ts"
import { HealthCheck } from "./HealthCheck.ts"
import type { Instance } from "./Instance.ts"
import { uniqueNames } from "./naming.ts"
import type { Snapshot } from "./Snapshot.ts"

/** How long the first snapshot waits for slow transports. */
const firstScanTimeout = Duration.millis(2500)

/** What the previous snapshot says about each URL: whether it was online, and when it last was, in epoch milliseconds. */
type Before = ReadonlyMap<string, { readonly isOnline: boolean; readonly lastSeen: number | undefined }>

const byUrl = (snapshot: Option.Option<Snapshot>): Before =>
  new Map(
    Option.match(snapshot, {
      onNone: () => [],
      onSome: ({ instances }) =>
        instances.flatMap((instance) =>
          [instance, ...instance.fallbacks].map(
            ({ url }) => [url, { isOnline: instance.health.state === "online", lastSeen: instance.lastSeen }] as const,
          ),
        ),
    }),
  )

/**
 * Makes the function that takes the next snapshot from the `previous` one. `onProbed` receives each instance as soon as its
 * own probe has finished.
 */
export const makeTakeSnapshot = Effect.fnUntraced(function* (discovery: Discovery["Service"]) {
  const healthCheck = yield* HealthCheck
  const machine = yield* LocalMachine
  const fingerprintsOf = yield* serverFingerprints

  /** On a busy machine one probe may time out, so a server that was online is probed again before it is shown as silent. */
  const probed = Effect.fnUntraced(function* (server: Server, before: Before) {
    const first = yield* bestEndpoint(server, healthCheck)
    return first.health.state === "timeout" && before.get(server.url)?.isOnline === true
      ? yield* bestEndpoint(server, healthCheck)
      : first
  })

  const instanceOf = Effect.fnUntraced(function* (server: Server, before: Before) {
    const { endpoint, health } = yield* probed(server, before)
    const endpoints = [server, ...server.fallbacks]
    const instance: Instance = {
      ...server,
      url: endpoint.url,
      api: endpoint.api,
      credentials: endpoint.credentials,
      headers: endpoint.headers,
      secretsUnknown: endpoint.secretsUnknown,
      passwordWithheld: endpoint.passwordWithheld,
      passwordRemedy: endpoint.passwordRemedy,
      listener: endpoint.listener,
      fallbacks: endpoints.filter(({ url }) => url !== endpoint.url),
      health,
      lastSeen:
        health.state === "online"
          ? health.checkedAt
          : endpoints.map(({ url }) => before.get(url)?.lastSeen).find((time) => time !== undefined),
    }
    return instance
  })

  return Effect.fn("Fleet.refresh")(function* (
    previous: Option.Option<Snapshot>,
    onProbed: (instance: Instance) => Effect.Effect<unknown>,
  ) {
    const scan = yield* Option.isNone(previous)
      ? Effect.provideService(discovery.scan, ScanTimeout, firstScanTimeout)
      : discovery.scan
    const announcements = scan.announcements.map((announcement) => vouched(machine, announcement))
    const fingerprintOf = yield* fingerprintsOf(announcements)
    const { problems, servers } = serversOf(announcements, hasExited(machine), fingerprintOf)
    const before = byUrl(previous)
    const instances = yield* Effect.forEach(
      uniqueNames(servers),
      (server) => Effect.tap(instanceOf(server, before), onProbed),
      // A hanging probe runs for the whole timeout, so any bound would delay the others.
      { concurrency: "unbounded" },
    ).pipe(
      // A span for each of thousands of probes in every refresh would bury the others.
      Effect.provideService(References.TracerEnabled, false),
      Effect.provideService(Tracer.DisablePropagation, true),
    )
    const snapshot: Snapshot = {
      instances: instances.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      problems: [...scan.problems, ...problems],
      reports: scan.reports ?? [],
      refreshedAt: yield* Clock.currentTimeMillis,
      ...(scan.incomplete === true ? { incomplete: true } : {}),
    }
    const online = instances.filter(({ health }) => health.state === "online").length
    yield* Effect.logDebug(`refreshed: ${online} of ${instances.length} online, ${snapshot.problems.length} problems`)
    return snapshot
  })
})
