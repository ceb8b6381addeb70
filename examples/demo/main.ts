/**
 * `npm run demo`: a guided tour of the tools on a real opencode.
 *
 * It starts opencode with a scripted model on loopback, registers it, connects a real MCP client to the built server over
 * stdio, and removes everything at the end. It needs no API key and no network.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Layer, Logger, Path } from "effect"
import { start } from "../../test/support/RealOpencode.ts"
import { ScriptedModel } from "../../test/support/ScriptedModel.ts"
import { connect } from "./client.ts"
import { tour } from "./tour.ts"

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const registry = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-demo-" })
  yield* Effect.logInfo("starting opencode with a scripted model …")
  const opencode = yield* start({ project: "web-shop", permission: "ask" })
  const register = (name: string, registration: object) =>
    fs.writeFileString(path.join(registry, `${name}.json`), JSON.stringify({ name, ...registration }))
  yield* register("web-shop", { hostname: "this-machine", port: opencode.port, cwd: opencode.directory })
  // Nothing listens on this port, as if the laptop were off.
  yield* register("laptop-blog", { hostname: "laptop", port: 4999, cwd: "/home/me/blog" })
  yield* tour(yield* connect(registry))
}).pipe(
  Effect.scoped,
  Effect.provide(ScriptedModel.layer.pipe(Layer.provideMerge(NodeServices.layer))),
  Effect.provideService(Logger.LogToStderr, true),
)

// `npm run demo | head` closes stdout early; opencode must be stopped then, too.
process.stdout.on("error", () => process.kill(process.pid, "SIGTERM"))

NodeRuntime.runMain(program)
