/**
 * The ways of finding instances that `TRANSPORT` may name. To add one, write a file that exports a `layer` of `Discovery`,
 * and put a line here.
 *
 * Each is loaded when it is used. The order is that of trust: what several have found is called as the first of them
 * calls it, and reached where that one says.
 */
import { Effect, type FileSystem, type Layer, type Path } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import type { Discovery } from "./discovery/Discovery.ts"
import type { Identification } from "./discovery/identification/Identification.ts"
import type { Settings } from "./Settings.ts"

/** What a transport may need. */
export type TransportServices =
  | Settings
  | Identification
  | FileSystem.FileSystem
  | Path.Path
  | ChildProcessSpawner.ChildProcessSpawner

/** A way of finding instances, as a module that is not loaded yet. */
export type Transport = Effect.Effect<{ readonly layer: Layer.Layer<Discovery, never, TransportServices> }>

export const transports: Readonly<Record<string, Transport>> = {
  "local-relay": Effect.promise(() => import("./discovery/relay/RelayDirectory.ts")),
  "local-ports": Effect.promise(() => import("./discovery/ports/LocalPorts.ts")),
  tailscale: Effect.promise(() => import("./discovery/tailscale/Tailscale.ts")),
  mdns: Effect.promise(() => import("./discovery/mdns/Mdns.ts")),
}
