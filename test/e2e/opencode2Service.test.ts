/** The fixture that runs the real background service of opencode 2. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { RealService, withVersion } from "../support/RealService.ts"
import { withOpencode2 } from "../support/requirements.ts"

withOpencode2("the service of opencode 2", () => {
  layer(RealService.layer(), { excludeTestServices: true })((it) => {
    it.effect("registers itself, and keeps its address and password in another version", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const first = yield* service.registered
        assert.deepInclude(first, { url: service.url, password: service.password, version: "2.0.15" })
        yield* service.kill
        assert.deepStrictEqual(yield* service.registered, first)
        const newer = yield* service.start(yield* withVersion("2.0.16"))
        assert.deepInclude(newer, { url: service.url, password: service.password, version: "2.0.16" })
        const restarted = yield* service.restart
        assert.deepInclude(restarted, { url: service.url, password: service.password })
        assert.notStrictEqual(restarted.id, newer.id)
        yield* service.stop
        yield* Effect.flip(service.registered)
      }),
    )
  })
})
