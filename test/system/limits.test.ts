/**
 * A large fleet within narrow limits of memory and of open files. `npm run bench -- limits` does the same with a thousand
 * registrations.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { refreshWithin } from "../support/limitedFleet.ts"

layer(NodeServices.layer, { excludeTestServices: true })("A heap of 64 MB and 128 open files", (it) => {
  it.effect("are enough to tell the truth about more instances than can be connected to at once", () =>
    Effect.gen(function* () {
      const found = yield* refreshWithin({
        healthy: 90,
        hung: 20,
        refused: 30,
        limits: { heap: 64, descriptors: 128 },
        probeTimeout: 3000,
      })
      assert.deepStrictEqual(found, { counts: { online: 90, timeout: 20, unreachable: 30 }, problems: [] })
    }),
  )
})
