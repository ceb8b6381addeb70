/** Two registrations of one port, of which one names the wrong directory. */
import { assert, it } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Stream } from "effect"
import { Discovery } from "../../src/discovery/Discovery.ts"
import { Fleet } from "../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../src/fleet/HealthCheck.ts"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import * as OpencodeV1 from "../../src/opencode/v1/OpencodeV1.ts"
import { announcement } from "../discovery/announcements.ts"
import { unidentified } from "../discovery/fakes.ts"
import { type Answer, httpLayer, online } from "../discovery/http.ts"

/** An opencode in `/srv/shop`. */
const shop: Answer = (request) =>
  new URL(request.url).pathname === "/path"
    ? Effect.sync(() => Response.json({ directory: "/srv/shop", worktree: "/" }))
    : online(request)

const machine = Layer.succeed(LocalMachine, {
  hostname: "elsewhere",
  isAlive: () => true,
  birthOf: () => undefined,
  addresses: () => [],
})

const snapshotOf = (...announcements: ReadonlyArray<ReturnType<typeof announcement>>) =>
  Effect.flatMap(Fleet, ({ snapshot }) => snapshot).pipe(
    Effect.provide(
      Fleet.layer().pipe(
        Layer.provide([
          HealthCheck.layer(),
          unidentified,
          Layer.succeed(Discovery, { scan: Effect.succeed({ announcements, problems: [] }), changes: Stream.empty }),
        ]),
        Layer.provide(OpencodeV1.layer),
        Layer.provide([httpLayer(shop), machine, NodeServices.layer]),
      ),
    ),
    Effect.map(({ instances, problems }) => ({
      instances: instances.map(({ directory, health, name }) => ({ name, directory, state: health.state })),
      problems,
    })),
  )

const right = announcement("shop", 4096, { directory: "/srv/shop", writtenAt: 1 })

it.effect("the one whose directory opencode confirms is the instance, also if the other is newer", () =>
  Effect.gen(function* () {
    const wrong = announcement("api", 4096, { directory: "/srv/api", writtenAt: 2 })
    const { instances, problems } = yield* snapshotOf(right, wrong)
    assert.deepStrictEqual(instances, [{ name: "shop", directory: "/srv/shop", state: "online" }])
    assert.deepStrictEqual(
      problems.map(({ source }) => source),
      [wrong.source],
    )
    assert.include(problems[0]?.reason, 'works in "/srv/shop"; this one was announced in "/srv/api"')
    assert.include(problems[0]?.reason, `the name in ${right.source} is used`)
  }),
)

it.effect("one without a directory is not given that of the wrong one", () =>
  Effect.gen(function* () {
    const wrong = announcement("api", 4096, { directory: "/srv/api", writtenAt: 1 })
    const { instances } = yield* snapshotOf(wrong, announcement("shop", 4096, { writtenAt: 2 }))
    assert.deepStrictEqual(instances, [{ name: "shop", directory: undefined, state: "online" }])
  }),
)

it.effect("if opencode contradicts all, the newest says so", () =>
  Effect.gen(function* () {
    const { instances } = yield* snapshotOf(
      announcement("one", 4096, { directory: "/srv/one", writtenAt: 1 }),
      announcement("two", 4096, { directory: "/srv/two", writtenAt: 2 }),
    )
    assert.deepStrictEqual(instances, [{ name: "two", directory: "/srv/two", state: "unhealthy" }])
  }),
)
