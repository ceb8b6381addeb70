import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { coalesced } from "../../../src/fleet/attention/coalesced.ts"
import { online } from "./instances.ts"

describe("Coalesced work", () => {
  it.effect("ends with its scope, also what is queued and what is asked for afterwards", () =>
    Effect.gen(function* () {
      const started: Array<string> = []
      const scope = yield* Scope.make()
      const request = yield* Scope.provide(
        coalesced(1, ({ name }) =>
          Effect.andThen(
            Effect.sync(() => started.push(name)),
            Effect.never,
          ),
        ),
        scope,
      )
      const running = yield* request(online("one", 1))
      yield* Effect.yieldNow
      const queued = [yield* request(online("one", 1)), yield* request(online("two", 2))]
      yield* Scope.close(scope, Exit.void)
      const late = yield* request(online("three", 3))
      yield* Effect.forEach([running, ...queued, late], Deferred.await)
      assert.deepStrictEqual(started, ["one"])
    }),
  )
})
