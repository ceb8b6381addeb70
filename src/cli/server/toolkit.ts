/** The fleet and the tools' handlers on Node, which the server loads after it has answered its client's first requests. */
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, Layer } from "effect"
import { toolsLayer } from "../../layers.ts"
import { Settings } from "../../Settings.ts"
import { FleetToolkit, FleetToolkitWithStart } from "../../tools/FleetToolkit.ts"
import { greet } from "./greeting.ts"

const nodeServices = Layer.provideMerge(NodeChildProcessSpawner.layer, NodeFileSystem.layer)

/** Lives as long as the scope that it is built in. */
export const buildToolkit = Effect.map(Layer.build(Layer.provide(toolsLayer(Settings), nodeServices)), (services) => ({
  handled: Effect.provide(FleetToolkit, services),
  handledWithStart: Effect.provide(FleetToolkitWithStart, services),
  greet: Effect.provide(greet, services),
}))
