/** The fleet and the tools' handlers on Node, which the server loads after it has answered its client's first requests. */
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, Layer } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { toolsLayer } from "../../layers.ts"
import { Settings } from "../../Settings.ts"
import { FleetToolkit, FleetToolkitWithStart } from "../../tools/FleetToolkit.ts"
import { greet } from "./greeting.ts"

const nodeServices = Layer.provideMerge(NodeChildProcessSpawner.layer, NodeFileSystem.layer)

/**
 * Lives as long as the scope that it is built in. Each Toolkit is evaluated once: its schemas are prepared at their first use,
 * which costs as much as the answer of list_instances.
 */
export const buildToolkit = Effect.gen(function* () {
  const services = yield* Layer.build(Layer.provide(toolsLayer(Settings), nodeServices))
  return {
    handled: Effect.succeed(yield* Effect.provide(FleetToolkit, services)),
    handledWithStart: Effect.succeed(yield* Effect.provide(FleetToolkitWithStart, services)),
    /** The first refresh has ended. */
    refreshed: Effect.provide(
      Effect.flatMap(Fleet, ({ snapshot }) => snapshot),
      services,
    ),
    greet: Effect.provide(greet, services),
  }
})
