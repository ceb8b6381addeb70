/**
 * How the services depend on each other. Every layer here is made by a function of its options and owns everything below
 * it: two calls share nothing, and within one fleet there is one `OpencodeClient`.
 *
 * Options are a value, or an effect that yields them: `fleetLayer({ relayDirectory })`, `fleetLayer(Settings)`. The layers
 * of whole fleets need `FileSystem`, `Path` and `ChildProcessSpawner`, which `NodeServices.layer` provides.
 */
import { Effect, Layer, type Redacted, Stream } from "effect"
import { Database } from "./database/Database.ts"
import { databaseLayer } from "./database/databaseLayer.ts"
import { sharedClaims } from "./database/sharedClaims.ts"
import { Attention } from "./fleet/attention/Attention.ts"
import { Discovery } from "./discovery/Discovery.ts"
import { Fleet, type FleetOptions } from "./fleet/Fleet.ts"
import { HealthCheck, type HealthCheckOptions } from "./fleet/HealthCheck.ts"
import { Identification } from "./discovery/identification/Identification.ts"
import * as MergedDiscovery from "./discovery/mergedDiscovery.ts"
import { isTransportName, type TransportName, transportNames } from "./discovery/transportNames.ts"
import * as HttpTransport from "./opencode/http/HttpTransport.ts"
import { InstanceEvents } from "./opencode/events/InstanceEvents.ts"
import { MessageCounts } from "./opencode/sessions/MessageCounts.ts"
import * as OneShotTransport from "./opencode/http/OneShotTransport.ts"
import * as OpencodeVersions from "./opencode/OpencodeVersions.ts"
import * as OpencodeV1 from "./opencode/v1/OpencodeV1.ts"
import { Turns } from "./opencode/turns/Turns.ts"
import { machineCache } from "./machine/CacheFiles.ts"
import { machineClaims, SessionClaims } from "./machine/SessionClaims.ts"
import { makeServerProcesses, ServerProcesses } from "./machine/ServerProcesses.ts"
import { HostStarter } from "./discovery/ssh/HostStarter.ts"
import { makeSshConnections, SshConnections } from "./discovery/ssh/sshConnections.ts"
import * as ControlHandlers from "./tools/control/controlHandlers.ts"
import * as Handlers from "./tools/handlers.ts"
import * as UnansweredMessages from "./tools/turns/UnansweredMessages.ts"
import { line } from "./text/plainText.ts"
import { type TransportOptions, transports } from "./transports.ts"

/** Options of a fleet over a `Discovery` of your own. */
export interface FleetLayerOptions extends FleetOptions, HealthCheckOptions {
  /**
   * The `postgresql://` URL of the database that servers on several machines share. They send one message at a time to a
   * session, and the transport `postgres` finds what is announced in it. Needs the package `@effect/sql-pg`. Default: none.
   */
  readonly databaseUrl?: Redacted.Redacted | undefined
}

/** Which transports find instances, and the options of each. */
export interface DiscoveryOptions extends TransportOptions {
  /** Default: `["local-relay"]`. */
  readonly transports?: ReadonlyArray<TransportName> | undefined
}

/** A value, or an effect that yields it. */
export type OptionsInput<Options, E = never, R = never> = Options | Effect.Effect<Options, E, R>

/** Builds a layer with a memo map of its own, so that it shares no service with any other layer. */
const isolated = <Options, A, E2, R2, E = never, R = never>(
  options: OptionsInput<Options, E, R>,
  layer: (options: Options) => Layer.Layer<A, E2, R2>,
) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const made = layer(Effect.isEffect(options) ? yield* options : options)
      return yield* Layer.buildWithMemoMap(made, Layer.makeMemoMapUnsafe(), yield* Effect.scope)
    }),
  )

/** The client of both versions. That of opencode 2 is loaded when the first such server is found. */
const versions = {
  v1: OpencodeV1.make,
  v2: Effect.flatMap(
    Effect.promise(() => import("./opencode/v2/OpencodeV2.ts")),
    ({ make }) => make,
  ),
}

const opencodeClient = OpencodeVersions.layer(versions)

const databaseOf = ({ databaseUrl }: Pick<FleetLayerOptions, "databaseUrl">) =>
  databaseUrl === undefined ? Layer.empty : databaseLayer(databaseUrl)

/** Session claims: of this machine and, with a database, of all servers that share it. */
const sessionClaims = Layer.effect(
  SessionClaims,
  Effect.gen(function* () {
    const machine = yield* SessionClaims
    const database = yield* Database
    return database === undefined ? machine : sharedClaims(machine, database)
  }),
).pipe(Layer.provide(machineClaims))

/** The services for any opencode: `OpencodeClient`, `InstanceEvents`, `MessageCounts` and `Turns`. */
const opencodeServices = Layer.mergeAll(
  Turns.layer.pipe(Layer.provide(sessionClaims)),
  MessageCounts.layer.pipe(Layer.provide(machineCache)),
).pipe(Layer.provideMerge(InstanceEvents.layer), Layer.provideMerge(opencodeClient), Layer.provide(HttpTransport.layer))

/** The services for any opencode, without a fleet: `OpencodeClient`, `InstanceEvents`, `MessageCounts` and `Turns`. */
export const opencodeLayer = () => isolated({}, () => opencodeServices)

/** Probes thousands of servers, so it has an HTTP client of its own that keeps no connections open. */
export const identificationLayer = (options: FleetLayerOptions = {}) =>
  Identification.layer(options).pipe(
    Layer.provide(OpencodeVersions.layer({ ...versions, remembers: false })),
    Layer.provide(OneShotTransport.layer),
  )

/** Plain JavaScript may pass an unknown name. It becomes a problem in every scan instead of an empty fleet. */
const unknownTransport = (name: string) =>
  Layer.succeed(Discovery, {
    scan: Effect.succeed({
      announcements: [],
      problems: [{ source: line(name), reason: `is not a transport. The transports are ${transportNames.join(", ")}` }],
    }),
    changes: Stream.never,
  })

const discoveryOf = ({ transports: names = ["local-relay"], ...options }: DiscoveryOptions) => {
  const known = transportNames.filter((name) => names.includes(name))
  const unknown = names.filter((name) => !isTransportName(name))
  return MergedDiscovery.layer({
    ...Object.fromEntries(known.map((name) => [name, transports[name](options)])),
    ...Object.fromEntries(unknown.map((name) => [name, unknownTransport(name)])),
  })
}

/** The `Discovery` of the transports that the options name. Needs `Identification` besides the services of Node. */
export const configuredDiscovery = <E = never, R = never>(options: OptionsInput<DiscoveryOptions, E, R>) =>
  isolated(options, discoveryOf)

const fleetOver = <E, R>(discovery: Layer.Layer<Discovery, E, R>, options: FleetLayerOptions) =>
  Fleet.layer(options).pipe(
    Layer.provide([HealthCheck.layer(options), discovery]),
    Layer.provide(identificationLayer(options)),
    Layer.provideMerge(opencodeServices),
    // The processes that `local-ports` finds guard the requests of this fleet only.
    Layer.provide(Layer.sync(ServerProcesses, makeServerProcesses)),
    Layer.provide(databaseOf(options)),
  )

const toolsOver = <E, R>(discovery: Layer.Layer<Discovery, E, R>, options: FleetLayerOptions & Handlers.ToolsOptions) =>
  Handlers.layer(options).pipe(
    Layer.provide(UnansweredMessages.layer.pipe(Layer.provide(machineCache))),
    Layer.provideMerge(Attention.layer({ timeout: options.probeTimeout, credentials: options.credentials })),
    Layer.provideMerge(fleetOver(discovery, options)),
  )

/** `Fleet` over a `Discovery` of your own, which may use `Identification`; with all services of {@link opencodeLayer}. */
export const fleetLayerWith = <DE, DR, E = never, R = never>(
  discovery: Layer.Layer<Discovery, DE, DR>,
  options: OptionsInput<FleetLayerOptions, E, R> = {},
) => isolated(options, (options) => fleetOver(discovery, options))

/** The connections that `ssh` opens are used by this fleet only. */
const ownConnections = Layer.sync(SshConnections, makeSshConnections)

/** `Fleet` over the built-in transports, with all services of {@link opencodeLayer}. */
export const fleetLayer = <E = never, R = never>(options: OptionsInput<FleetLayerOptions & DiscoveryOptions, E, R>) =>
  isolated(options, (options) => Layer.provide(fleetOver(discoveryOf(options), options), ownConnections))

/** The handlers of all tools over a `Discovery` of your own, with `Attention` and all of {@link fleetLayerWith}. */
export const toolsLayerWith = <DE, DR, E = never, R = never>(
  discovery: Layer.Layer<Discovery, DE, DR>,
  options: OptionsInput<FleetLayerOptions & Handlers.ToolsOptions, E, R> = {},
) => isolated(options, (options) => toolsOver(discovery, options))

/**
 * The handlers of all tools over the built-in transports, those of `ControlTools` included, with `Attention` and all of
 * {@link fleetLayer}.
 */
export const toolsLayer = <E = never, R = never>(
  options: OptionsInput<FleetLayerOptions & DiscoveryOptions & Handlers.ToolsOptions, E, R>,
) =>
  isolated(options, (options) =>
    ControlHandlers.layer.pipe(
      Layer.provide(HostStarter.layer({ hosts: options.sshHosts ?? [], credentials: options.credentials })),
      Layer.provideMerge(toolsOver(discoveryOf(options), options)),
      Layer.provide(ownConnections),
    ),
  )
