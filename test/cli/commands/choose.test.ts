/** What is left out on the command line: chosen in a terminal, an error without one. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import { TestConsole } from "effect/testing"
import { sendMessage } from "../../../src/cli/commands/send.ts"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { ses, session } from "../../../src/testing/samples.ts"
import { finishAnswer } from "../../support/play.ts"
import { overTheFake, resultOf, startCommand } from "./scene.ts"

const input = {
  instance: Option.none<string>(),
  session: Option.none<string>(),
  message: Option.none<string>(),
  directory: Option.none(),
  ifBusy: "wait",
  agent: Option.none(),
  model: Option.none(),
  messageId: Option.none(),
  isAsync: false,
  asJson: false,
} as const

describe("arguments that are left out", () => {
  it.effect("an argument is left out in a script: a usage error that names it", () =>
    Effect.gen(function* () {
      const { reason, status } = yield* resultOf(yield* startCommand(sendMessage(input)))
      assert.strictEqual(status, exitStatus.usage)
      assert.include(reason, "INSTANCE is missing")
      assert.include(reason, "terminal")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect(
    "arguments are left out in a terminal: they are chosen from a list that filters as you type; a single choice is taken",
    () =>
      Effect.gen(function* () {
        const fake = yield* FakeOpencode
        fake.sessions = [session("main"), { ...session("other"), title: "Fix the login" }]
        const sent = yield* startCommand(sendMessage(input), [
          [{ word: "login" }, "enter"],
          [{ word: "Go on" }, "enter"],
        ])
        const [prompt] = fake.prompts
        assert.deepInclude(prompt, { session: ses("other"), text: "Go on" })
        finishAnswer(fake, "Done.")
        yield* resultOf(sent)
      }).pipe(Effect.provide(overTheFake)),
  )

  it.effect(
    "a title matches several sessions, such as one in a worktree: you choose among them in a terminal; otherwise an error that names each with its directory",
    () =>
      Effect.gen(function* () {
        const fake = yield* FakeOpencode
        fake.sessions = [session("main"), session("other", { directory: "/worktrees/other" })]
        fake.sessions = fake.sessions.map((each) => ({ ...each, title: "Fix the login", project: "p1" }))
        const given = {
          ...input,
          instance: Option.some("fake"),
          session: Option.some("login"),
          message: Option.some("Go"),
        }
        const { reason } = yield* resultOf(yield* startCommand(sendMessage(given)))
        assert.include(
          reason,
          "ses_main (Fix the login, in /work/project); ses_other (Fix the login, in /worktrees/other)",
        )
        const sent = yield* startCommand(sendMessage(given), [["down", "enter"]])
        assert.deepInclude(fake.prompts[0], { session: ses("other"), text: "Go" })
        assert.include(sent.stdout(), "Which of the 2 sessions that match")
        finishAnswer(fake, "Done.")
        yield* resultOf(sent)
      }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("offers a new session", () =>
    Effect.gen(function* () {
      const sent = yield* startCommand(sendMessage({ ...input, message: Option.some("Begin") }), [["enter"]])
      finishAnswer(sent.fake, "Done.")
      assert.strictEqual((yield* resultOf(sent)).status, 0)
      assert.include((yield* TestConsole.errorLines).join("\n"), "New session")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("you close a list: the command ends, and nothing is sent", () =>
    Effect.gen(function* () {
      const { fake, fiber } = yield* startCommand(sendMessage(input), [["escape"]])
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(yield* TestConsole.errorLines, [""])
      assert.lengthOf(fake.prompts, 0)
    }).pipe(Effect.provide(overTheFake)),
  )
})
