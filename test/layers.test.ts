/** Which transports `TRANSPORT` brings together. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Discovery } from "../src/discovery/Discovery.ts"
import { TailscaleAccess } from "../src/discovery/tailscale/Tailnet.ts"
import { configuredDiscovery } from "../src/layers.ts"
import { unidentified } from "./discovery/fakes.ts"
import { makeRelay } from "./discovery/relay/relay.ts"

layer(NodeServices.layer)("The transports that are configured", (it) => {
  it.effect("are scanned and no others, in the order of trust whatever the order of their names", () =>
    Effect.gen(function* () {
      const { directory, file } = yield* makeRelay
      const services = yield* Layer.build(
        configuredDiscovery({ relayDirectory: directory, transports: ["tailscale", "local-relay"] }),
      ).pipe(
        Effect.provide([unidentified, Layer.succeed(TailscaleAccess, { socket: file("none.sock"), commands: [] })]),
      )
      const { reports = [] } = yield* Context.get(services, Discovery).scan
      assert.deepStrictEqual(
        reports.map(({ transport }) => transport),
        ["local-relay", "tailscale"],
      )
    }),
  )
})
