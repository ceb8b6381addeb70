/** The commands `approve`, `reject` and `answer` with the fake opencode. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestConsole } from "effect/testing"
import { answerQuestion } from "../../../src/cli/commands/answer.ts"
import { approvePermission } from "../../../src/cli/commands/approve.ts"
import { rejectRequest } from "../../../src/cli/commands/reject.ts"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import {
  assistant,
  done,
  failedTool,
  here,
  msg,
  permission,
  question,
  toolPart,
  user,
} from "../../../src/testing/samples.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { overTheFake, resultOf, startCommand } from "./scene.ts"

const place = { instance: Option.some("fake"), session: Option.some("latest") }
const given = { ...place, id: Option.none<string>(), follow: false, asJson: false }
const asking = { ...given, always: false, yes: false }
const once = { ...asking, yes: true }

/** A busy session that waits for these. */
const waiting = (permissions: ReadonlyArray<string>, questions: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    makeBusy(fake)
    fake.permissions.push(...permissions.map((name) => permission(name)))
    fake.questions.push(...questions.map((name) => question(name)))
    return fake
  })

const stderr = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))
const stdout = Effect.map(TestConsole.logLines, (lines) => lines.join("\n"))

describe("approve", () => {
  it.effect("shows the whole request, allows it once, and says how to go on", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const run = yield* startCommand(approvePermission(once))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
      assert.strictEqual(yield* stdout, "Allowed once: permission for bash: rm -rf build")
      assert.include(yield* run.stderr, "Permission for bash:\n  rm -rf build")
      assert.include(yield* run.stderr, "`opencode-fleet read fake ses_main --follow`")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("finds the only permission that waits on the instance, without a session", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const run = yield* startCommand(approvePermission({ ...once, session: Option.none() }))
      assert.strictEqual((yield* resultOf(run, 2000)).status, 0)
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("says what --always allows", () =>
    Effect.gen(function* () {
      const fake = yield* waiting([])
      fake.permissions.push({ ...permission("1"), always: ["rm *"] })
      const run = yield* startCommand(approvePermission({ ...once, always: true }))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "always" }])
      assert.include(
        yield* run.stderr,
        "--always also allows, in all sessions of this directory, until opencode exits:\n  rm *",
      )
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("you do not confirm `approve`: the request stays open, and the exit status is 3", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const no = yield* resultOf(yield* startCommand(approvePermission(asking), [["enter"]]))
      assert.deepStrictEqual(no, { status: exitStatus.waits, reason: "" })
      assert.include(yield* stderr, "Nothing was sent; the request stays open.")
      assert.lengthOf(fake.replies, 0)
      const yes = yield* startCommand(approvePermission(asking), [[{ word: "y" }]])
      assert.strictEqual((yield* resultOf(yes)).status, 0)
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("allows nothing in a script that neither names the request nor says --yes", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const run = yield* startCommand(approvePermission(asking))
      const { reason, status } = yield* resultOf(run)
      assert.strictEqual(status, exitStatus.waits)
      assert.include(reason, "--id per_1")
      assert.include(yield* run.stderr, "rm -rf build")
      assert.lengthOf(fake.replies, 0)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("several requests are open, in a script: an error that names them; --id chooses one", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1", "2"])
      const several = yield* resultOf(yield* startCommand(approvePermission(once)))
      assert.strictEqual(several.status, exitStatus.failed)
      assert.match(several.reason, /^Several requests wait: per_1 \(.*; per_2 \(.*\)\. Choose one with --id\.$/u)
      const one = yield* startCommand(approvePermission({ ...asking, id: Option.some("per_2") }))
      assert.strictEqual((yield* resultOf(one)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: permission("2").id, reply: "once" }])
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("offers them in a terminal, and asks nothing else after the choice but for confirmation", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1", "2"])
      const run = yield* startCommand(
        approvePermission({ ...asking, instance: Option.none(), session: Option.none() }),
        [["down", "enter"], [{ word: "y" }]],
      )
      assert.strictEqual((yield* resultOf(run, 2000)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: permission("2").id, reply: "once" }])
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("needs the instance without a terminal, even if only one request waits in the fleet", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const run = yield* startCommand(approvePermission({ ...once, instance: Option.none() }))
      assert.strictEqual((yield* resultOf(run)).status, exitStatus.usage)
      assert.lengthOf(fake.replies, 0)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("says that nothing waits", () =>
    Effect.gen(function* () {
      const named = yield* resultOf(yield* startCommand(approvePermission(once)))
      assert.include(named.reason, "is not waiting for a permission")
      const anywhere = yield* startCommand(approvePermission({ ...once, session: Option.none() }))
      const { reason, status } = yield* resultOf(anywhere, 2000)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, "No permission waits for a person on fake.")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("follows the rest of the turn with --follow", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      fake.store(here, user(msg("1")))
      const run = yield* startCommand(approvePermission({ ...once, follow: true }))
      finishAnswer(fake, "Removed.", { session: here, messageID: msg("1"), text: "" })
      assert.strictEqual((yield* resultOf(run, 5000)).status, 0)
      assert.strictEqual(run.stdout(), "Removed.\n")
      assert.include(yield* run.stderr, "Decision: allowed once")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("prints the decision as JSON", () =>
    Effect.gen(function* () {
      yield* waiting(["1"])
      assert.strictEqual((yield* resultOf(yield* startCommand(approvePermission({ ...once, asJson: true })))).status, 0)
      assert.deepStrictEqual(JSON.parse(yield* stdout), {
        instance: "fake",
        session_id: "ses_main",
        kind: "permission",
        id: "per_1",
        about: "permission for bash: rm -rf build",
        decision: "allowed once",
        delivery: "delivered",
      })
    }).pipe(Effect.provide(overTheFake)),
  )
})

describe("reject", () => {
  it.effect("refuses a permission, with what to do instead", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const run = yield* startCommand(rejectRequest({ ...given, message: Option.some("Keep it") }))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "reject", message: "Keep it" }])
      assert.include(yield* stdout, "Rejected (Keep it): permission for bash")
      assert.include(yield* stderr, "`opencode-fleet read fake ses_main --follow` shows how the agent goes on.")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("dismisses a question, which takes no message", () =>
    Effect.gen(function* () {
      const fake = yield* waiting([], ["1"])
      const refused = yield* resultOf(yield* startCommand(rejectRequest({ ...given, message: Option.some("Red") })))
      assert.strictEqual(refused.status, exitStatus.usage)
      assert.include(refused.reason, "`opencode-fleet answer`")
      const run = yield* startCommand(rejectRequest({ ...given, message: Option.none() }))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, reply: "reject" }])
      assert.include(yield* stderr, "`opencode-fleet send fake ses_main MESSAGE` tells the agent what to do instead.")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect(
    "`reject --follow` ends the turn: rejected, with exit status 1 but without an error message, because you chose it",
    () =>
      Effect.gen(function* () {
        const fake = yield* waiting(["1"])
        fake.store(here, user(msg("1")))
        const run = yield* startCommand(rejectRequest({ ...given, follow: true, message: Option.none() }))
        const info = assistant(msg("2"), msg("1"), done("tool-calls"))
        fake.store(here, { info, parts: [toolPart(info.id, failedTool("The user rejected permission"))] })
        makeIdle(fake)
        assert.deepStrictEqual(yield* resultOf(run, 5000), { status: exitStatus.failed, reason: "" })
        assert.match(yield* stderr, /Decision: rejected: permission for bash[^]*\nrejected/u)
      }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("`reject` finds nothing open: an error that speaks of permissions and questions", () =>
    Effect.gen(function* () {
      const command = (id: Option.Option<string>) => rejectRequest({ ...given, id, message: Option.none() })
      const nothing = yield* resultOf(yield* startCommand(command(Option.none())))
      assert.include(nothing.reason, "is not waiting for a permission or question")
      const named = yield* resultOf(yield* startCommand(command(Option.some("que_9"))))
      assert.include(named.reason, 'The permission or question "que_9" is not open')
      const anywhere = { ...given, session: Option.none(), message: Option.none() }
      const { reason } = yield* resultOf(yield* startCommand(rejectRequest(anywhere)), 2000)
      assert.include(reason, "No permission or question waits for a person on fake.")
    }).pipe(Effect.provide(overTheFake)),
  )
})

describe("answer", () => {
  it.effect("answers with a label or own words, and checks them", () =>
    Effect.gen(function* () {
      const fake = yield* waiting([], ["1"])
      const [label = ""] = question("1").questions[0]?.options.map(({ label }) => label) ?? []
      const run = yield* startCommand(answerQuestion({ ...given, texts: [label] }))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.deepStrictEqual(fake.replies, [{ id: question("1").id, answers: [[label]] }])
      assert.include(yield* stdout, `Answered ${label} to the question: `)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("refuses more answers than questions, in words for a terminal", () =>
    Effect.gen(function* () {
      const fake = yield* waiting([], ["1"])
      const run = yield* startCommand(answerQuestion({ ...given, texts: ["Red", "Blue"] }))
      const { reason, status } = yield* resultOf(run)
      assert.strictEqual(status, exitStatus.failed)
      assert.match(reason, /^The answer cannot be used: question 1 .* accepts one answer\.$/u)
      assert.lengthOf(fake.replies, 0)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("shows the form in a terminal", () =>
    Effect.gen(function* () {
      const fake = yield* waiting([], ["1"])
      const run = yield* startCommand(answerQuestion({ ...given, texts: [] }), [["down", "enter"]])
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("needs a text without a terminal", () =>
    Effect.gen(function* () {
      yield* waiting([], ["1"])
      const run = yield* startCommand(answerQuestion({ ...given, texts: [] }))
      assert.strictEqual((yield* resultOf(run)).status, exitStatus.usage)
      const nothing = { ...given, instance: Option.none(), session: Option.none(), texts: [] }
      const first = yield* resultOf(yield* startCommand(answerQuestion(nothing)))
      assert.include(first.reason, "INSTANCE is missing")
    }).pipe(Effect.provide(overTheFake)),
  )
})
