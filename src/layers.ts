/**
 * How the services stand on each other, from the settings up to the fleet. Below it only a file system and paths are
 * needed.
 */
import { Layer } from "effect"
import { Attention } from "./fleet/Attention.ts"
import { Fleet } from "./fleet/Fleet.ts"
import { HealthCheck } from "./fleet/HealthCheck.ts"
import * as RelayDirectory from "./fleet/RelayDirectory.ts"
import * as HttpTransport from "./opencode/HttpTransport.ts"
import { InstanceEvents } from "./opencode/InstanceEvents.ts"
import { MessageCounts } from "./opencode/MessageCounts.ts"
import { OpencodeClient } from "./opencode/OpencodeClient.ts"
import { Turns } from "./opencode/Turns.ts"
import * as Handlers from "./tools/handlers.ts"

/** Asking one opencode. */
export const opencodeLayer = Layer.mergeAll(Turns.layer, MessageCounts.layer).pipe(
  Layer.provideMerge(InstanceEvents.layer),
  Layer.provideMerge(OpencodeClient.layer),
  Layer.provide(HttpTransport.layer),
)

/** Finding all of them, and asking each. Needs `Settings`, `FileSystem` and `Path`. */
export const fleetLayer = Fleet.layer.pipe(
  Layer.provide([HealthCheck.layer, RelayDirectory.layer]),
  Layer.provideMerge(opencodeLayer),
)

/** The handlers of all tools, with everything under them. It asks every instance after each refresh what waits there. */
export const toolsLayer = Handlers.layer.pipe(Layer.provideMerge(Attention.layer), Layer.provideMerge(fleetLayer))
