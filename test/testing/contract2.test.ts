/** The fake of opencode 2 on a port, held against the same expectations as the real one (`e2e/opencode2Routes.test.ts`). */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { SessionId } from "../../src/opencode/Identifiers.ts"
import * as HttpTransport from "../../src/opencode/http/HttpTransport.ts"
import * as OpencodeV2 from "../../src/opencode/v2/OpencodeV2.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { contract } from "../support/contract2/contract2.ts"
import { raw, Server2 } from "../support/contract2/Server2.ts"
import { scriptedFake } from "../support/scriptedFake.ts"

const server = Layer.effect(
  Server2,
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.agents.push({ name: "plan", mode: "primary" })
    fake.providers = [{ id: "scripted", models: { scripted: { id: "scripted" } } }]
    fake.missingDirectories.add("/work/project/gone")
    const { settle } = scriptedFake(fake)
    return {
      url: HttpServer.formatAddress((yield* HttpServer.HttpServer).address),
      directory: "/work/project",
      password: fake.credentials?.password,
      settle: (session: string) => Effect.sync(() => settle(SessionId.make(session))),
    }
  }),
)

const fake = OpencodeV2.layer.pipe(
  Layer.provide(HttpTransport.layer),
  Layer.provideMerge(server),
  Layer.provideMerge(FakeOpencode.layerServer),
  Layer.provideMerge(
    NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1", gracefulShutdownTimeout: "20 millis" }),
  ),
  Layer.provideMerge(FakeOpencode.layerOf({ api: 2 })),
)

layer(fake, { excludeTestServices: true })("the fake of opencode 2", (it) => {
  it.effect.each(contract)("%s", ([, test]) => test)

  it.effect("is starting, or has failed, as long as a test says so", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const statuses = Effect.gen(function* () {
        const answers = yield* Effect.forEach(["GET /api/info", "GET /api/session"], (request) => raw(request))
        return [...answers.map(({ status }) => status), (yield* raw("GET /api/info", { credentials: false })).status]
      })
      fake.readiness = "starting"
      assert.deepStrictEqual(yield* statuses, [503, 503, 401])
      fake.readiness = "failed"
      assert.deepStrictEqual(yield* statuses, [500, 503, 401])
      fake.readiness = "ready"
      assert.deepStrictEqual(yield* statuses, [200, 200, 401])
    }),
  )
})
