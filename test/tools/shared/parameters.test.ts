/** Parameters that models fill in with a blank text instead of leaving them out. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { call, toolsOverFake } from "../../support/fleetOver.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { session } from "../../../src/testing/samples.ts"
import { SendMessage } from "../../../src/tools/turns/TurnTools.ts"

describe("A blank optional parameter", () => {
  it.effect("counts as absent", () =>
    Effect.gen(function* () {
      const required = { session_id: "latest", message: "hi" }
      const blank = { ...required, instance: "", agent: " ", model: "\n" }
      assert.deepStrictEqual(yield* Schema.decodeEffect(SendMessage.parametersSchema)(blank), required)
    }),
  )

  it.effect("as the instance means the only one online", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      const { view } = yield* call("list_sessions", { instance: "", search: "" })
      assert.lengthOf(view.sessions, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
