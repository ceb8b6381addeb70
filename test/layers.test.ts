/** The layer functions: which transports they enable, and that two fleets share nothing. */
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, expectTypeOf, layer } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { Discovery } from "../src/discovery/Discovery.ts"
import { TailscaleAccess } from "../src/discovery/tailscale/Tailnet.ts"
import type { TransportName } from "../src/discovery/transportNames.ts"
import { Fleet } from "../src/fleet/Fleet.ts"
import { configuredDiscovery, fleetLayer, opencodeLayer, toolsLayer } from "../src/layers.ts"
import { freshMessageId } from "../src/opencode/Identifiers.ts"
import { OpencodeClient } from "../src/opencode/Opencode.ts"
import { Settings } from "../src/Settings.ts"
import { FleetToolkit } from "../src/tools/FleetToolkit.ts"
import { unidentified } from "./discovery/fakes.ts"
import { makeRelay } from "./discovery/relay/relay.ts"
import { FakeOpencode } from "../src/testing/FakeOpencode.ts"
import { session } from "../src/testing/samples.ts"

/** A fake opencode on a port of its own, until the scope ends. */
const startFake = Effect.gen(function* () {
  const services = yield* Layer.build(
    FakeOpencode.layerServer.pipe(
      Layer.provideMerge(FakeOpencode.layer),
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      Layer.fresh,
    ),
  )
  const { address } = Context.get(services, HttpServer.HttpServer)
  const state = Context.get(services, FakeOpencode)
  state.sessions = [session("main")]
  return { state, port: Number(new URL(HttpServer.formatAddress(address)).port) }
})

const names = Effect.map(
  Effect.flatMap(Fleet, ({ snapshot }) => snapshot),
  ({ instances }) => instances.map(({ name }) => name),
)

class Production extends Context.Service<Production, ReadonlyArray<string>>()("test/Production") {}
class Staging extends Context.Service<Staging, ReadonlyArray<string>>()("test/Staging") {}

layer(NodeServices.layer)("The configured transports", (it) => {
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

  it.effect("a name that plain JavaScript misspells is a problem of each scan, and the others are scanned", () =>
    Effect.gen(function* () {
      const { directory, register } = yield* makeRelay
      yield* register("api.json", { name: "api", port: 1 })
      const misspelt: ReadonlyArray<TransportName> = JSON.parse('["local-relays", "toString", "local-relay"]')
      const services = yield* Layer.build(
        configuredDiscovery({ relayDirectory: directory, transports: misspelt }),
      ).pipe(Effect.provide(unidentified))
      const { announcements, problems } = yield* Context.get(services, Discovery).scan
      assert.deepStrictEqual(
        announcements.map(({ name }) => name),
        ["api"],
      )
      assert.deepStrictEqual(
        problems.map(({ source }) => source),
        ["local-relays", "toString"],
      )
      assert.include(problems[0]?.reason, "local-relay, service, local-ports, ssh, tailscale, postgres, mdns")
    }),
  )

  it("have a literal type, so a misspelt name does not compile", () => {
    expectTypeOf<TransportName>().toEqualTypeOf<
      "local-relay" | "service" | "local-ports" | "ssh" | "tailscale" | "postgres" | "mdns"
    >()
    // @ts-expect-error the name is misspelt
    Settings.layerOf({ relayDirectory: "/relay", transports: ["local-relays"] })
    // @ts-expect-error the name is misspelt
    fleetLayer({ relayDirectory: "/relay", transports: ["local-relays"] })
  })
})

layer(NodeServices.layer, { excludeTestServices: true })("Two fleets in one process", (it) => {
  it.effect("each shows the instances of its own relay directory", () =>
    Effect.gen(function* () {
      const [production, staging] = [yield* makeRelay, yield* makeRelay]
      yield* production.register("api.json", { name: "production-api", port: 1 })
      yield* staging.register("api.json", { name: "staging-api", port: 1 })
      const services = yield* Layer.build(
        Layer.merge(
          Layer.effect(Production, names).pipe(Layer.provide(fleetLayer({ relayDirectory: production.directory }))),
          Layer.effect(Staging, names).pipe(Layer.provide(fleetLayer({ relayDirectory: staging.directory }))),
        ),
      )
      assert.deepStrictEqual(Context.get(services, Production), ["production-api"])
      assert.deepStrictEqual(Context.get(services, Staging), ["staging-api"])
    }),
  )

  it.effect("a tool call in the inner fleet does not reach the outer one", () =>
    Effect.gen(function* () {
      const makeTools = Effect.gen(function* () {
        const fake = yield* startFake
        const relay = yield* makeRelay
        yield* relay.register("api.json", { name: "api", port: fake.port })
        return { ...fake, tools: toolsLayer({ relayDirectory: relay.directory }) }
      })
      const [production, staging] = [yield* makeTools, yield* makeTools]
      const send = Effect.gen(function* () {
        const toolkit = yield* FleetToolkit
        const parameters = { session_id: session("main").id, message: "Deploy", async: true }
        yield* Stream.runDrain(yield* toolkit.handle("send_message", parameters))
      })
      const toStaging = Effect.provide(send, staging.tools)
      yield* Effect.provide(toStaging, production.tools)
      assert.deepStrictEqual(
        [production, staging].map(({ state }) => state.prompts.map(({ text }) => text)),
        [[], ["Deploy"]],
      )
    }),
  )

  it.effect("two calls with the same options share nothing; one layer used twice is built once", () =>
    Effect.gen(function* () {
      const { directory: relayDirectory } = yield* makeRelay
      const layer = fleetLayer({ relayDirectory })
      const memoMap = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const built = (one: typeof layer) =>
        Effect.map(Layer.buildWithMemoMap(one, memoMap, scope), (services) => ({
          fleet: Context.get(services, Fleet),
          client: Context.get(services, OpencodeClient),
        }))
      const [first, second, other] = [
        yield* built(layer),
        yield* built(layer),
        yield* built(fleetLayer({ relayDirectory })),
      ]
      assert.strictEqual(first.fleet, second.fleet)
      assert.strictEqual(first.client, second.client)
      assert.notStrictEqual(first.fleet, other.fleet)
      assert.notStrictEqual(first.client, other.client)
      const clients = yield* Effect.forEach([opencodeLayer(), opencodeLayer()], (one) => Layer.build(one))
      assert.strictEqual(new Set(clients.map((services) => Context.get(services, OpencodeClient))).size, 2)
    }),
  )
})

layer(NodeServices.layer, { excludeTestServices: true })("fleet.use over real sockets", (it) => {
  /** An instance that can move: its opencode ends, and another takes over its registration. */
  const movable = Effect.gen(function* () {
    const relay = yield* makeRelay
    const before = yield* Scope.make()
    const first = yield* Scope.provide(startFake, before)
    const second = yield* startFake
    yield* relay.register("api.json", { name: "api", port: first.port })
    const move = Effect.andThen(
      Scope.close(before, Exit.void),
      relay.register("api.json", { name: "api", port: second.port }),
    )
    return { first, second, move, fleet: fleetLayer({ relayDirectory: relay.directory }) }
  })

  it.effect("sends a prompt once, whatever a later read of the same caller meets", () =>
    Effect.gen(function* () {
      const { first, fleet, move, second } = yield* movable
      const error = yield* Effect.gen(function* () {
        const client = yield* OpencodeClient
        return yield* (yield* Fleet).use("api", (target) =>
          Effect.gen(function* () {
            const opencode = client.at(target)
            const created = yield* opencode.createSession({ title: "From a program" })
            yield* opencode.prompt(created.id, { messageID: yield* freshMessageId, text: "Deploy" })
            yield* move
            return yield* opencode.session(created.id)
          }),
        )
      }).pipe(Effect.flip, Effect.provide(fleet))
      assert.strictEqual(error._tag, "InstanceUnreachable")
      assert.deepStrictEqual(
        [first, second].map(({ state }) => state.prompts.map(({ text }) => text)),
        [["Deploy"], []],
      )
    }),
  )

  it.effect("finds an instance within the call that has moved since the last refresh", () =>
    Effect.gen(function* () {
      const { fleet, move, second } = yield* movable
      const url = yield* Effect.gen(function* () {
        const { snapshot, use } = yield* Fleet
        yield* snapshot
        yield* move
        return yield* use("api", ({ url }) => Effect.succeed(url))
      }).pipe(Effect.provide(fleet))
      assert.strictEqual(url, `http://127.0.0.1:${second.port}`)
    }),
  )
})
