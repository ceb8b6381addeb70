/**
 * Two fleets in one program, each with a relay directory and a password of its own.
 *
 *     PRODUCTION_PASSWORD=… node examples/two-fleets.ts /srv/production /srv/staging
 *
 * In a project of your own the imports come from "opencode-fleet".
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Config, Console, Context, Effect, Layer } from "effect"
import { Fleet, fleetLayer } from "../src/index.ts"

const [, , production = "production", staging = "staging"] = process.argv

// #region fleets
class Production extends Context.Service<Production, Fleet["Service"]>()("example/Production") {
  static readonly layer = Layer.effect(Production, Fleet).pipe(
    Layer.provide(
      fleetLayer(
        // Options may be an effect, for example one that reads a secret.
        Effect.map(Config.Redacted("PRODUCTION_PASSWORD"), (password) => ({
          relayDirectory: production,
          credentials: { username: "opencode", password },
        })),
      ),
    ),
  )
}

class Staging extends Context.Service<Staging, Fleet["Service"]>()("example/Staging") {
  static readonly layer = Layer.effect(Staging, Fleet).pipe(
    Layer.provide(fleetLayer({ relayDirectory: staging, refreshEvery: "5 seconds" })),
  )
}
// #endregion

const program = Effect.gen(function* () {
  const fleets = { production: yield* Production, staging: yield* Staging }
  for (const [title, fleet] of Object.entries(fleets)) {
    const { instances } = yield* fleet.snapshot
    yield* Console.log(`${title}: ${instances.map(({ health, name }) => `${name} (${health.state})`).join(", ")}`)
  }
})

program.pipe(
  Effect.provide(Layer.merge(Production.layer, Staging.layer).pipe(Layer.provide(NodeServices.layer))),
  NodeRuntime.runMain,
)
