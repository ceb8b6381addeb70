/** Short runs of `npm run fuzz`, always with the same messages. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { fuzz, fuzzOverHttp } from "../fuzz/fuzz.ts"

layer(NodeServices.layer, { excludeTestServices: true })("malformed messages", (it) => {
  it.effect("get one answer each, harm nothing, and write to no instance", () =>
    Effect.gen(function* () {
      for (const { era, problems } of yield* fuzz({ seed: "e2e", count: 300 })) {
        assert.deepStrictEqual(problems, [], era)
      }
    }),
  )

  it.effect("and HTTP requests show nothing, pass nothing, and harm nothing", () =>
    Effect.gen(function* () {
      const { problems } = yield* fuzzOverHttp({ seed: "e2e", count: 100 })
      assert.deepStrictEqual(problems, [])
    }),
  )
})
