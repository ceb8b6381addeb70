/** The command `send` with the fake opencode: its output, and its exit status. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { TestConsole } from "effect/testing"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { sendMessage } from "../../../src/cli/commands/send.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { pass } from "../../support/overFake.ts"
import { beginAnswer, finishAnswer, makeBusy, makeIdle, storeAnswer } from "../../support/play.ts"
import {
  aborted,
  assistant,
  done,
  event,
  failedTool,
  failedWith,
  here,
  msg,
  permission,
  question,
  session,
  textPart,
  toolPart,
} from "../../../src/testing/samples.ts"
import { fakeTerminal } from "../terminal/fakeTerminal.ts"

import { overTheFake, resultOf, startCommand, type Typed } from "./scene.ts"

type Input = Parameters<typeof sendMessage>[0]

const input: Input = {
  instance: Option.some("fake"),
  session: Option.some("latest"),
  message: Option.some("Do it"),
  directory: Option.none(),
  ifBusy: "wait",
  agent: Option.none(),
  model: Option.none(),
  messageId: Option.none(),
  isAsync: false,
  asJson: false,
}

const startSending = (given: Partial<Input> = {}, typed?: Typed) =>
  startCommand(sendMessage({ ...input, ...given }), typed)

type Sending = Effect.Success<ReturnType<typeof startSending>>

const asks = (fake: Sending["fake"]) => {
  fake.permissions.push(permission("1"))
  fake.emit(event.asked(permission("1")))
}

describe("send", () => {
  it.effect("prints what the agent writes, and exits with 0 when the turn is completed", () =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      beginAnswer(sent.fake, "Half of")
      yield* pass(500)
      assert.strictEqual(sent.stdout(), "Half of")
      finishAnswer(sent.fake, "Half of it.")
      assert.deepStrictEqual(yield* resultOf(sent), { status: 0, reason: "" })
      assert.strictEqual(sent.stdout(), "Half of it.\n")
      assert.match(yield* sent.stderr, /^completed · session ses_main on fake/u)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("refuses --message-id with a new session, because a repeated call would create another one", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({ session: Option.some("new"), messageId: Option.some("msg_nightly-42") })
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, 2)
      assert.include(reason, "--message-id needs a session that exists")
      assert.lengthOf(sent.fake.sessions, 1)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("creates a session for the message, and prints its id", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({ session: Option.some("new") })
      finishAnswer(sent.fake, "Done.")
      assert.strictEqual((yield* resultOf(sent)).status, 0)
      const created = sent.fake.prompts[0]?.session ?? ""
      assert.notStrictEqual(created, here)
      assert.include(yield* sent.stderr, `New session ${created} on fake, in /work/project.`)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("exits with 3 if no person can be asked, and prints the request and where to decide", () =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      asks(sent.fake)
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, exitStatus.waits)
      assert.include(reason, "`opencode-fleet approve fake ses_main` or `opencode-fleet reject fake ses_main`")
      assert.include(yield* sent.stderr, "Permission for bash:\n  rm -rf build")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("exits with 3 for a question, too", () =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      sent.fake.questions.push(question("1"))
      sent.fake.emit(event.questioned(question("1")))
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, exitStatus.waits)
      assert.match(
        reason,
        /\n {2}The agent waits until a person answers: `opencode-fleet answer fake ses_main` or `opencode-fleet reject fake ses_main`\.$/u,
      )
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("asks the person at the terminal, below the text so far", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({}, [["down", "enter"]])
      beginAnswer(sent.fake, "I need this")
      asks(sent.fake)
      yield* pass(500)
      assert.deepStrictEqual(sent.fake.replies, [{ id: permission("1").id, reply: "always" }])
      finishAnswer(sent.fake, "I need this. Done.")
      assert.strictEqual((yield* resultOf(sent)).status, 0)
      assert.match(sent.stdout(), /^I need this[^.]*Decision[\s\S]*\. Done\.\n$/u)
      assert.strictEqual((yield* sent.stderr).split("rm -rf build").length - 1, 1)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("leaves the request open and exits with 3 if the form is closed", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({}, [["escape"]])
      asks(sent.fake)
      assert.deepStrictEqual(yield* resultOf(sent), { status: exitStatus.waits, reason: "" })
      assert.deepStrictEqual(sent.fake.replies, [])
      assert.match(yield* sent.stderr, /^The request is still open\. The agent waits until a person decides: /mu)
      assert.strictEqual((yield* sent.stderr).split("rm -rf build").length - 1, 1)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("says that a turn was rejected in a plain line if the person rejected it here", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({}, [["down", "down", "enter"]])
      asks(sent.fake)
      yield* pass(500)
      assert.deepStrictEqual(sent.fake.replies, [{ id: permission("1").id, reply: "reject" }])
      const info = assistant(msg("refused"), sent.fake.prompts[0]?.messageID ?? msg("none"), done("tool-calls"))
      const part = toolPart(info.id, failedTool("The user rejected permission"))
      sent.fake.store(here, { info, parts: [part] })
      sent.fake.emit(event.message(info))
      sent.fake.emit(event.part(part))
      makeIdle(sent.fake)
      assert.deepStrictEqual(yield* resultOf(sent), { status: exitStatus.failed, reason: "" })
      assert.match(
        yield* sent.stderr,
        /\n\$ ls ✗: The user rejected permission\n[^]*\nrejected: bash: The user rejected/u,
      )
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("exits with 3 at once behind a turn that waits for a person, and says what and where to decide", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      makeBusy(fake)
      fake.permissions.push(permission("1"))
      const { reason, status } = yield* resultOf(yield* startSending())
      assert.strictEqual(status, exitStatus.waits)
      for (const part of [
        "was not sent",
        "(permission for bash: rm -rf build)",
        "`opencode-fleet approve fake ses_main`",
      ]) {
        assert.include(reason, part)
      }
      assert.lengthOf(fake.prompts, 0)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("exits with 4 after SEND_TIMEOUT_MS, and says not to send again", () =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      beginAnswer(sent.fake, "Still")
      const { reason, status } = yield* resultOf(sent, 70_000)
      assert.strictEqual(status, exitStatus.running)
      assert.include(reason, "Do not send the message again")
      assert.strictEqual(sent.stdout(), "Still\n")
      assert.include(yield* sent.stderr, "Still waiting; nothing new from the agent for 15 s.")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("prints no heartbeat while the agent writes", () =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      beginAnswer(sent.fake, "One")
      const part = textPart(msg(`answer_${sent.fake.prompts[0]?.messageID.slice(4)}`), "")
      for (let piece = 0; piece < 5; piece++) {
        yield* pass(8000)
        sent.fake.emit(event.delta(part, " more"))
      }
      yield* pass(500)
      assert.strictEqual(sent.stdout(), "One more more more more more")
      assert.strictEqual(yield* sent.stderr, "")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect.each([
    { name: "failed", error: { kind: "failed", message: "no credit", status: 402 } as const, says: "no credit" },
    { name: "aborted", error: aborted, says: "aborted" },
  ])("exits with 1 if the turn was $name", ({ error, says }) =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      storeAnswer(sent.fake, "")
      const [prompt] = sent.fake.prompts
      assert(prompt !== undefined)
      const info = assistant(msg("failed"), prompt.messageID, failedWith(error))
      sent.fake.store(here, { info, parts: [] })
      sent.fake.emit(event.message(info))
      makeIdle(sent.fake)
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, says)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("prints only the structured result with --json", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({ asJson: true })
      finishAnswer(sent.fake, "Done.")
      assert.strictEqual((yield* resultOf(sent)).status, 0)
      assert.strictEqual(sent.stdout(), "")
      const [answer, ...others] = yield* TestConsole.logLines
      assert.lengthOf(others, 0)
      assert.deepInclude(JSON.parse(String(answer)), { outcome: "completed", text: "Done.", session_id: here })
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("with --async, prints the session's id when opencode has the message, and follows nothing", () =>
    Effect.gen(function* () {
      const sent = yield* startSending({ isAsync: true, session: Option.some("new") })
      assert.deepStrictEqual(yield* resultOf(sent, 6000), { status: 0, reason: "" })
      const created = sent.fake.prompts[0]?.session
      assert.deepStrictEqual(yield* TestConsole.logLines, [created])
      assert.include(yield* sent.stderr, `\`opencode-fleet read fake ${created} --follow\``)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect.each([
    { given: { instance: Option.some("nope") }, says: 'There is no instance "nope"' },
    { given: { session: Option.some("nope") }, says: "nope" },
    { given: { agent: Option.some("nope") }, says: "this opencode has build" },
    { given: { model: Option.some("nope") }, says: "scripted/small" },
  ])("exits with 1 and the reason, and sends nothing: $says", ({ given, says }) =>
    Effect.gen(function* () {
      const sent = yield* startSending(given)
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, says)
      assert.strictEqual(sent.stdout() + (yield* sent.stderr), "")
      assert.lengthOf(sent.fake.prompts, 0)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect.each([
    { given: { agent: Option.some("biuld") }, says: '--agent "biuld" cannot be used: this opencode has build' },
    { given: { model: Option.some("scripted/smal") }, says: '--model "scripted/smal" cannot be used' },
    { given: { messageId: Option.some("nightly") }, says: 'it needs "msg_"' },
    { given: { directory: Option.some("shop") }, says: "absolute path" },
  ])("leaves no empty session behind, whatever is wrong with the first message: $says", ({ given, says }) =>
    Effect.gen(function* () {
      const sent = yield* startSending({ session: Option.some("new"), ...given })
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, says)
      assert.lengthOf(sent.fake.sessions, 1)
      assert.lengthOf(sent.fake.prompts, 0)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("says that the agent is still working when it is interrupted, and does not abort it", () =>
    Effect.gen(function* () {
      const sent = yield* startSending()
      beginAnswer(sent.fake, "Still")
      yield* pass(500)
      yield* Fiber.interrupt(sent.fiber)
      assert.include(yield* sent.stderr, `Stopped following. The agent is still working in session ${here}.`)
      assert.deepStrictEqual(sent.fake.aborts, [])
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect.each([
    { stdin: "From a pipe\n", sent: ["From a pipe"] },
    { stdin: "\n", sent: [] },
  ])("reads the message from stdin, and refuses an empty one: $sent", ({ sent: texts, stdin }) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      const { layer } = fakeTerminal()
      const piped = { stdin: Stream.make(new TextEncoder().encode(stdin)) }
      const command = sendMessage({ ...input, message: Option.some("-") })
      yield* Effect.forkChild(Effect.provide(command, layer({}, piped)))
      yield* pass(500)
      assert.deepStrictEqual(
        fake.prompts.map(({ text }) => text),
        texts,
      )
    }).pipe(Effect.provide(overTheFake)),
  )
})
