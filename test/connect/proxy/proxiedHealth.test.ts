/** What the fleet's health check says about a service behind the proxy of `connect`. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { ServiceAway, openProxy } from "../../../src/connect/proxy/openProxy.ts"
import { HealthCheck } from "../../../src/fleet/HealthCheck.ts"
import { opencodeLayer } from "../../../src/layers.ts"

const credentials = { username: "opencode", password: Redacted.make("fleet") }

const probe = Effect.fnUntraced(function* (password: string) {
  const port = yield* openProxy({ credentials, upstream: new ServiceAway({ reason: "is not running" }) })
  const check = yield* HealthCheck
  return yield* check.probe({
    name: "laptop",
    host: "laptop",
    url: `http://127.0.0.1:${port}`,
    directory: undefined,
    transport: "local-relay",
    api: 2,
    credentials: { ...credentials, password: Redacted.make(password) },
    source: "/relay/laptop.json",
  })
}, Effect.scoped)

it.live.each([
  ["fleet", "unreachable", "opencode's service is not running"],
  ["other", "unauthorized", "is opencode 2 and refuses the password or user name"],
] as const)("with the password %j it is %s", ([password, state, reason]) =>
  probe(password).pipe(
    Effect.map((health) => assert.deepInclude(health, { state, reason })),
    Effect.provide(Layer.provide(HealthCheck.layer(), opencodeLayer())),
  ),
)
