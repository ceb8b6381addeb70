/** The fixture that runs the real opencode 2. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as facts from "../support/opencode2Facts.ts"
import { RealOpencode2 } from "../support/RealOpencode2.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { scriptedTitle } from "../support/ScriptedModel.ts"

withOpencode2("the real opencode 2", () => {
  layer(RealOpencode2.layer(), { excludeTestServices: true })((it) => {
    it.effect("is the version that was tried, and thinks with the scripted model", () =>
      Effect.gen(function* () {
        const real = yield* RealOpencode2
        assert.strictEqual(yield* facts.version(real), "2.0.15")
        const { id } = yield* facts.createSession(real)
        for (const text of ["hello", "run: echo hi", "task: say:Child's answer"]) {
          yield* facts.prompt(real, id, text)
          yield* facts.wait(real, id)
        }
        const said = yield* facts.conversation(real, id)
        assert.deepStrictEqual(said.slice(0, 4), ["hello", "Echo: hello", "[idle]", "run: echo hi"])
        assert.deepStrictEqual(said.slice(4, -2), [
          "(tool)",
          "Done: hi",
          "[idle]",
          "task: say:Child's answer",
          "(tool)",
        ])
        assert.include(said.at(-2), "Child's answer")
        assert.deepInclude(yield* facts.session(real, id), { title: scriptedTitle, outcome: "succeeded" })
      }),
    )

    it.effect("comes back at the same port with its sessions after a crash", () =>
      Effect.gen(function* () {
        const real = yield* RealOpencode2
        const { id } = yield* facts.createSession(real, "Kept")
        yield* real.kill
        yield* real.restart
        assert.include(yield* facts.sessions(real), id)
      }),
    )
  })
})
