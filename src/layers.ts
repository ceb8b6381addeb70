/**
 * How the services stand on each other, from the settings up to the fleet. Below it only a file system, paths and child
 * processes are needed.
 */
import { Effect, Layer, Record } from "effect"
import { Attention } from "./fleet/attention/Attention.ts"
import type { Discovery } from "./discovery/Discovery.ts"
import { Fleet } from "./fleet/Fleet.ts"
import { HealthCheck } from "./fleet/HealthCheck.ts"
import { Identification } from "./discovery/identification/Identification.ts"
import * as MergedDiscovery from "./discovery/mergedDiscovery.ts"
import * as HttpTransport from "./opencode/http/HttpTransport.ts"
import { InstanceEvents } from "./opencode/events/InstanceEvents.ts"
import { MessageCounts } from "./opencode/sessions/MessageCounts.ts"
import * as OneShotTransport from "./opencode/http/OneShotTransport.ts"
import * as OpencodeV1 from "./opencode/v1/OpencodeV1.ts"
import { Turns } from "./opencode/turns/Turns.ts"
import { Settings } from "./Settings.ts"
import * as Handlers from "./tools/handlers.ts"
import { type Transport, transports } from "./transports.ts"

/** Asking one opencode. */
export const opencodeLayer = Layer.mergeAll(Turns.layer, MessageCounts.layer).pipe(
  Layer.provideMerge(InstanceEvents.layer),
  Layer.provideMerge(OpencodeV1.layer),
  Layer.provide(HttpTransport.layer),
)

/** Asking whoever listens somewhere. */
const identificationLayer = Identification.layer.pipe(
  Layer.provide(Layer.fresh(OpencodeV1.layer)),
  Layer.provide(OneShotTransport.layer),
)

const loaded = (transport: Transport) => Layer.unwrap(Effect.map(transport, ({ layer }) => layer))

/** The transports that the settings name. */
export const configuredDiscovery = Layer.unwrap(
  Effect.map(Settings, ({ transports: names }) => {
    const chosen = Record.filter(transports, (_, name) => names.includes(name))
    return MergedDiscovery.layer(Record.map(chosen, loaded))
  }),
)

/** Finding instances in ways of your own, and asking each. A discovery may use `Identification`. */
export const fleetLayerWith = <E, R>(discovery: Layer.Layer<Discovery, E, R>) =>
  Fleet.layer.pipe(
    Layer.provide([HealthCheck.layer, discovery]),
    Layer.provide(identificationLayer),
    Layer.provideMerge(opencodeLayer),
  )

/** Finding all of them, and asking each. Needs `Settings`, `FileSystem`, `Path` and `ChildProcessSpawner`. */
export const fleetLayer = fleetLayerWith(configuredDiscovery)

/** {@link toolsLayer}, for instances found in ways of your own. */
export const toolsLayerWith = <E, R>(discovery: Layer.Layer<Discovery, E, R>) =>
  Handlers.layer.pipe(Layer.provideMerge(Attention.layer), Layer.provideMerge(fleetLayerWith(discovery)))

/** The handlers of all tools, with everything under them. It asks every instance after each refresh what waits there. */
export const toolsLayer = toolsLayerWith(configuredDiscovery)
