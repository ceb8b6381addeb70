/** MCP clients that other projects maintain, configured with what `config` prints. `npm run test:clients` tries more of them. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { fileURLToPath } from "node:url"
import { clients, versions } from "../clients/clients.ts"
import { install } from "../clients/install.ts"
import { makeFleet } from "../clients/fleet.ts"
import { tryClient } from "../clients/tryClient.ts"
import type { Fleet } from "../clients/Stage.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

class TestedFleet extends Context.Service<TestedFleet, Fleet>()("opencode-fleet/test/TestedFleet") {
  static readonly layer = Layer.effect(TestedFleet, makeFleet()).pipe(
    Layer.provideMerge(RealOpencode.layer({ permission: "ask" })),
  )
}

/** The Inspector is too big for a dependency of this repository, and has an install script. */
const folder = fileURLToPath(new URL("../clients/installed", import.meta.url))

const installed = (name: string | undefined) =>
  name === undefined
    ? Effect.succeed({ bin: undefined, version: "" })
    : install(name, { folder, version: versions[name] ?? "latest" })

const tested = clients.filter(({ name }) => name === "opencode run" || name === "Inspector --cli")

layer(TestedFleet.layer, { excludeTestServices: true })("the MCP client", (it) => {
  it.effect.each(tested)("$name lists and calls tools, and leaves no server behind", (client) =>
    Effect.gen(function* () {
      const row = yield* tryClient(client, yield* installed(client.package), yield* TestedFleet)
      assert.deepStrictEqual(row.problems, [])
    }),
  )
})
