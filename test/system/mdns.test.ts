/** `TRANSPORT=mdns` of the built executable, with announcements of real opencodes and of another server. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { startAnnounced, startStranger, withMulticast } from "../support/localNetwork.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"

const password = "correct:horse-battery"

/** Long, so that no periodic refresh finds anything. */
const variables = {
  TRANSPORT: "mdns",
  DISCOVERY_INTERVAL_MS: "3600000",
  OPENCODE_SERVER_PASSWORD: password,
  LOG_LEVEL: "all",
}

const listed = (client: McpClient, { directory, url }: { readonly url: string; readonly directory?: string }) =>
  Effect.map(client.call(ListInstances), ({ instances }) =>
    instances.find((instance) => instance.url === url || (directory !== undefined && instance.directory === directory)),
  )

withMulticast("opencodes on the local network", () => {
  layer(Layer.merge(ScriptedModel.layer, NodeServices.layer), { excludeTestServices: true })((it) => {
    it.effect("one that starts is listed at once, and one that has ended is gone soon after the fleet has asked", () =>
      Effect.gen(function* () {
        const client = yield* connect(yield* makeRelay(), { variables })
        yield* client.call(ListInstances)
        const opencode = yield* startAnnounced()
        const found = yield* listed(client, opencode).pipe(eventually((one) => one?.health === "online"))
        assert.deepInclude(found, { directory: opencode.directory, transports: ["mdns"] })
        assert.match(found?.name ?? "", /-project/u)
        yield* opencode.stop
        yield* client
          .call(RefreshInstances)
          .pipe(eventually(({ instances }) => instances.every(({ directory }) => directory !== opencode.directory)))
      }),
    )

    it.effect(
      "one that is already running is found by the first scan, and receives the password if it is allowed by name",
      () =>
        Effect.gen(function* () {
          const opencode = yield* startAnnounced(password)
          const other = yield* connect(yield* makeRelay(), { variables })
          const refused = yield* listed(other, opencode).pipe(eventually((one) => one !== undefined))
          assert.strictEqual(refused?.health, "unauthorized")
          assert.include(refused?.reason, "MDNS_ALLOW=")
          const client = yield* connect(yield* makeRelay(), {
            variables: { ...variables, MDNS_ALLOW: `nobody,${new URL(opencode.url).hostname}` },
          })
          const found = yield* listed(client, opencode)
          assert.strictEqual(found?.health, "online")
          assert.strictEqual(found?.directory, opencode.directory)
        }),
    )

    it.effect("another server is listed immediately, receives no password, and disappears with its goodbye", () =>
      Effect.gen(function* () {
        const client = yield* connect(yield* makeRelay(), { variables })
        yield* client.call(ListInstances)
        const other = yield* startStranger()
        yield* other.announce
        const found = yield* listed(client, other).pipe(eventually((one) => one !== undefined))
        assert.strictEqual(found?.health, "unauthorized")
        assert.include(found?.name, other.label)
        yield* client.call(RefreshInstances)
        const requests = yield* other.authorizations
        assert.isAtLeast(requests.length, 2)
        assert.isTrue(requests.every((authorization) => authorization === undefined))
        yield* other.goodbye
        yield* listed(client, other).pipe(eventually((one) => one === undefined))
        assert.notInclude(yield* client.stderr, password)
      }),
    )
  })
})
