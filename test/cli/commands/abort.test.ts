/** The commands `abort`, `new` and `fork` with the fake opencode. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestConsole } from "effect/testing"
import { abortSession } from "../../../src/cli/commands/abort.ts"
import { forkSession } from "../../../src/cli/commands/fork.ts"
import { newSession } from "../../../src/cli/commands/new.ts"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { here } from "../../../src/testing/samples.ts"
import { makeBusy } from "../../support/play.ts"
import { overTheFake, resultOf, startCommand } from "./scene.ts"

const place = { instance: Option.some("fake"), session: Option.some("latest") }

describe("abort", () => {
  it.effect("stops the turn and says so", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      makeBusy(fake)
      const stopped = yield* startCommand(abortSession({ ...place, asJson: false }))
      assert.strictEqual((yield* resultOf(stopped, 5000)).status, 0)
      assert.deepStrictEqual(fake.aborts, [here])
      assert.deepStrictEqual(yield* TestConsole.logLines, ["Stopped the turn of session ses_main on fake."])
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("says that nothing is running", () =>
    Effect.gen(function* () {
      const idle = yield* startCommand(abortSession({ ...place, asJson: false }))
      assert.strictEqual((yield* resultOf(idle)).status, 0)
      assert.deepStrictEqual(yield* TestConsole.logLines, ["Nothing is running in session ses_main on fake."])
    }).pipe(Effect.provide(overTheFake)),
  )
})

describe("new", () => {
  it.effect("prints the id alone on stdout, and the rest on stderr", () =>
    Effect.gen(function* () {
      const created = yield* startCommand(
        newSession({
          instance: Option.some("fake"),
          title: Option.some("Nightly"),
          directory: Option.none(),
          agent: Option.none(),
          model: Option.none(),
          worktree: Option.none(),
          allow: [],
          asJson: false,
        }),
      )
      assert.strictEqual((yield* resultOf(created)).status, 0)
      const made = created.fake.sessions.find(({ title }) => title === "Nightly")
      assert.deepStrictEqual(yield* TestConsole.logLines, [made?.id])
      assert.include(yield* created.stderr, "in /work/project")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("exits with 1 and the reason if it is not created", () =>
    Effect.gen(function* () {
      const refused = yield* startCommand(
        newSession({
          instance: Option.some("fake"),
          title: Option.none(),
          directory: Option.some("shop"),
          agent: Option.none(),
          model: Option.none(),
          worktree: Option.none(),
          allow: [],
          asJson: false,
        }),
      )
      const { reason, status } = yield* resultOf(refused)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, '--directory "shop" cannot be used')
      assert.deepStrictEqual(yield* TestConsole.logLines, [])
    }).pipe(Effect.provide(overTheFake)),
  )
})

describe("fork", () => {
  it.effect("names its own flag if there is no such message", () =>
    Effect.gen(function* () {
      const refused = yield* startCommand(forkSession({ ...place, before: Option.some("msg_none"), asJson: false }))
      const { reason, status } = yield* resultOf(refused)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, '--before "msg_none" cannot be used')
    }).pipe(Effect.provide(overTheFake)),
  )
})
