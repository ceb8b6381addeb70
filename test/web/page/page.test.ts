/** The page with the fake opencode: what it shows, and that a person's decision arrives once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { permission } from "../../../src/testing/samples.ts"
import { fieldsOf, makeBrowser, openGate, overTheFake, waiting } from "./scene.ts"

describe("the page", () => {
  it.effect("shows the instance, the session and the whole request", () =>
    Effect.gen(function* () {
      yield* waiting(["1"])
      const browse = yield* makeBrowser
      const page = yield* browse("/")
      assert.strictEqual(page.status, 200)
      for (const part of ["rm -rf build", "Permission: bash", "1 waiting for you", "fake"])
        assert.include(page.text, part)
    }).pipe(Effect.provide(overTheFake(openGate))),
  )

  it.effect("approves once, and a second time says that it is not open any more", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const browse = yield* makeBrowser
      const fields = fieldsOf((yield* browse("/")).text, permission("1").id)
      const form = { ...fields, decision: "once" }
      const first = yield* browse("/requests", { form })
      assert.deepStrictEqual([first.status, first.location], [303, `/#request-${permission("1").id}`])
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
      assert.include((yield* browse("/")).text, "Allowed once.")
      const second = yield* browse("/requests", { form })
      assert.strictEqual(second.status, 409)
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(overTheFake(openGate))),
  )
})
