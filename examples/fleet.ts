/**
 * An embedding program: the fleet as Effect services, without MCP. It shows each instance and what it is doing.
 *
 *     RELAY_REGISTRY_DIR=… node examples/fleet.ts
 *
 * In a project of your own the imports come from "opencode-fleet".
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Fleet, fleetLayer, OpencodeClient, Settings } from "../src/index.ts"

const program = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const { instances } = yield* fleet.snapshot
  yield* Console.log(`${instances.length} registered`)
  for (const { health, name } of instances) {
    const sessions = yield* fleet
      .use(name, (target) => client.at(target).sessions)
      .pipe(
        Effect.map((sessions) => `${sessions.length} sessions, the last: ${sessions[0]?.title ?? "none"}`),
        // Each error's message says what happened and why.
        Effect.catch((error) => Effect.succeed(error.message)),
      )
    yield* Console.log(`${name} (${health.state}): ${sessions}`)
  }
})

program.pipe(
  Effect.provide(Layer.provide(fleetLayer(Settings.fromEnvironment), NodeServices.layer)),
  // Such as a setting that cannot be used. Without these two lines, Effect logs errors to stdout.
  Effect.tapError(({ message }) => Console.error(message)),
  NodeRuntime.runMain({ disableErrorReporting: true }),
)
