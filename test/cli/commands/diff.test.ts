/** The command `diff` with the fake opencode: a patch on stdout, a summary on stderr. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestConsole } from "effect/testing"
import { showDiff } from "../../../src/cli/commands/diff.ts"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { styleOf } from "../../../src/cli/terminal/style.ts"
import { colouredPatch } from "../../../src/cli/terminal/patch.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { assistant, done, here, msg, session, textPart, user } from "../../../src/testing/samples.ts"
import { fileDiff } from "../../support/diffs.ts"
import { overTheFake, resultOf, startCommand } from "./scene.ts"

const input = {
  instance: Option.some("fake"),
  session: Option.some("latest"),
  message: Option.none<string>(),
  asJson: false,
}

const changed = (fake: FakeState) => {
  fake.sessions = [session("main")]
  const info = assistant(msg("1a"), msg("1"), done())
  fake.store(here, user(msg("1")))
  fake.store(here, {
    info,
    parts: [
      { type: "step", id: "prt_step", messageID: info.id, snapshot: true },
      textPart(info.id, "Done"),
      { type: "patch", id: "prt_patch", messageID: info.id, files: ["/work/project/a.txt"] },
    ],
  })
  fake.diffs.set(msg("1"), [fileDiff("a.txt", "one\r\ntwo\r\n", "one\r\n2\r\n")])
}

describe("diff", () => {
  it.effect("writes the patch with the bytes of the file to a pipe, and the summary to stderr", () =>
    Effect.gen(function* () {
      changed(yield* FakeOpencode)
      const shown = yield* startCommand(showDiff(input))
      assert.strictEqual((yield* resultOf(shown)).status, 0)
      assert.strictEqual(shown.stdout(), "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n")
      assert.strictEqual(
        yield* shown.stderr,
        "1 file changed, +1 -1, in 1 turn of session ses_main on fake\n  a.txt  modified  +1 -1",
      )
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("shows the turn of one message, and refuses an unknown one", () =>
    Effect.gen(function* () {
      changed(yield* FakeOpencode)
      const turn = yield* startCommand(showDiff({ ...input, message: Option.some("msg_1") }))
      assert.strictEqual((yield* resultOf(turn)).status, 0)
      assert.include(yield* turn.stderr, "in the turn of msg_1 of session")
      const { reason, status } = yield* resultOf(
        yield* startCommand(showDiff({ ...input, message: Option.some("msg_9") })),
      )
      assert.strictEqual(status, exitStatus.failed)
      assert.match(reason, /^--message "msg_9" cannot be used: the session has no such message.*`opencode-fleet read/u)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("prints nothing on stdout without changes, and says why", () =>
    Effect.gen(function* () {
      const empty = yield* startCommand(showDiff(input))
      assert.strictEqual((yield* resultOf(empty)).status, 0)
      assert.strictEqual(empty.stdout() + (yield* TestConsole.logLines).join(""), "")
      assert.include(yield* empty.stderr, "No messages yet.")
    }).pipe(Effect.provide(overTheFake)),
  )

  it("colours lines, and removes escape sequences, in a terminal", () => {
    const coloured = colouredPatch("@@ -1 +1 @@\n-one\n+\u001B[31mtwo\n", styleOf(true))
    assert.include(coloured, "\u001B[31m-one\u001B[39m\n\u001B[32m+[31mtwo\u001B[39m\n")
  })
})
