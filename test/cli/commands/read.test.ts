/** The command `read` with the fake opencode: the conversation, and with --follow what comes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestConsole } from "effect/testing"
import { readSession } from "../../../src/cli/commands/read.ts"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import {
  aborted,
  assistant,
  completedTool,
  done,
  event,
  failedWith,
  here,
  msg,
  permission,
  question,
  session,
  textPart,
  toolPart,
  user,
} from "../../../src/testing/samples.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { announcement } from "../../discovery/announcements.ts"
import { pass, target } from "../../support/overFake.ts"
import { makeBusy } from "../../support/play.ts"
import { overTheFake, overTheFakeFound, resultOf, startCommand } from "./scene.ts"

const input = {
  instance: Option.some("fake"),
  session: Option.some("latest"),
  limit: 20,
  before: Option.none<string>(),
  message: Option.none<string>(),
  follow: false,
  asJson: false,
}

/** A turn of two steps. */
const turn = (fake: FakeState) => {
  fake.sessions = [session("main", { title: "Fix the login" })]
  const [first, second] = [
    assistant(msg("1a"), msg("1"), { ...done("tool-calls"), agent: "build" }),
    assistant(msg("1b"), msg("1"), { ...done(), agent: "build" }),
  ]
  fake.store(here, user(msg("1"), "Look around"))
  fake.store(here, {
    info: first,
    parts: [textPart(first.id, "I look.\n"), toolPart(first.id, completedTool("README.md"))],
  })
  fake.store(here, { info: second, parts: [textPart(second.id, "Only a README.\n\nNothing else.")] })
}

const told = `── user · 19700101 · msg_1
Look around

── build · 19700101 · msg_1a
I look.
$ ls ✓
Only a README.

Nothing else.
`

/** Without the ages of messages. */
const withoutAges = (text: string) => text.replaceAll(/ · (?:just now|\d+ \w+ ago) · /gu, " · 19700101 · ")

const startFollowing = startCommand(readSession({ ...input, follow: true }))

describe("read", () => {
  it.effect("shows who wrote what in full, and tools in one line each; facts go to stderr", () =>
    Effect.gen(function* () {
      turn(yield* FakeOpencode)
      const run = yield* startCommand(readSession(input))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.strictEqual(withoutAges(run.stdout()), told)
      assert.strictEqual(yield* run.stderr, "Fix the login · ses_main · idle · /work/project · fake")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("ends with what waits, and the command that decides it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      makeBusy(fake)
      fake.permissions.push(permission("1"))
      fake.questions.push(question("2"))
      const run = yield* startCommand(readSession(input))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.include(run.stdout(), "\nWaiting for a person:\nPermission for bash:\n  rm -rf build\n")
      assert.include(run.stdout(), "`opencode-fleet approve fake ses_main --id per_1`")
      assert.include(run.stdout(), "`opencode-fleet answer fake ses_main --id que_2`")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("shows why a turn ended, and removes escape sequences", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      fake.store(here, user(msg("1"), "\u001B[31mRed"))
      const error = { kind: "failed", message: "no credit", status: 402 } as const
      fake.store(here, { info: assistant(msg("1a"), msg("1"), failedWith(error)), parts: [] })
      fake.store(here, { info: assistant(msg("1b"), msg("1"), failedWith(aborted)), parts: [] })
      const run = yield* startCommand(readSession(input))
      assert.strictEqual((yield* resultOf(run)).status, 0)
      assert.include(run.stdout(), "\n[31mRed\n")
      assert.include(run.stdout(), "✗ failed: no credit (status 402)\n✗ aborted\n")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("pages back", () =>
    Effect.gen(function* () {
      turn(yield* FakeOpencode)
      const newest = yield* startCommand(readSession({ ...input, limit: 1 }))
      assert.strictEqual((yield* resultOf(newest)).status, 0)
      const [, cursor = ""] = /^Older messages: --before (.+)$/mu.exec(yield* newest.stderr) ?? []
      const older = yield* startCommand(readSession({ ...input, before: Option.some(cursor) }))
      assert.strictEqual((yield* resultOf(older)).status, 0)
      assert.include(older.stdout(), "Look around")
      assert.notInclude(older.stdout(), "Nothing else")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("shows one message with the output of its tools", () =>
    Effect.gen(function* () {
      turn(yield* FakeOpencode)
      const one = yield* startCommand(readSession({ ...input, message: Option.some("msg_1a") }))
      assert.strictEqual((yield* resultOf(one)).status, 0)
      assert.deepStrictEqual(yield* TestConsole.logLines, ['I look.\n\n\nbash completed: {"command":"ls"}\nREADME.md'])
      const none = yield* resultOf(yield* startCommand(readSession({ ...input, message: Option.some("msg_9") })))
      assert.strictEqual(none.status, exitStatus.failed)
      assert.include(none.reason, '--message "msg_9" cannot be used')
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("prints the tool's answer with --json, however long", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const ids = Array.from({ length: 9 }, (_, index) => msg(`long${index}`))
      for (const id of ids) fake.store(here, user(id, "x".repeat(3000)))
      assert.strictEqual((yield* resultOf(yield* startCommand(readSession({ ...input, asJson: true })))).status, 0)
      const [answer] = yield* TestConsole.logLines
      assert.lengthOf(JSON.parse(String(answer)).messages, 12)
    }).pipe(Effect.provide(overTheFake)),
  )
})

describe("read --follow", () => {
  it.effect("streams the turns that others start, each part once", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      assert.strictEqual(withoutAges(run.stdout()), told)
      const asked = user(msg("2"), "Go on")
      fake.store(here, asked)
      fake.emit(event.message(asked.info), ...asked.parts.map(event.part), event.busy())
      const info = assistant(msg("2a"), msg("2"), { agent: "build" })
      const part = textPart(info.id, "")
      fake.store(here, { info, parts: [part] })
      fake.emit(event.message(info), event.part(part), event.delta(part, "Half "), event.delta(part, "of it"))
      yield* pass(500)
      assert.match(withoutAges(run.stdout()), /Go on\n\n── build · 19700101 · msg_2a\nHalf of it$/u)
      const whole = { ...part, text: "Half of it.", time: { start: 1, end: 2 } }
      const tool = toolPart(info.id, completedTool("README.md"))
      const ended = assistant(msg("2a"), msg("2"), { ...done(), agent: "build" })
      fake.store(here, { info: ended, parts: [whole, tool] })
      fake.emit(event.part(whole), event.part(tool), event.message(ended), ...event.idle())
      yield* pass(500)
      assert.match(run.stdout(), /msg_2a\nHalf of it\.\n\$ ls ✓\n$/u)
      yield* Fiber.interrupt(run.fiber)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("begins while a text streams: says so once, and shows the text when it is complete", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const info = assistant(msg("2a"), msg("2"), { agent: "build" })
      const part = { ...textPart(info.id, ""), time: { start: 1 } }
      fake.store(here, user(msg("2"), "Go on"))
      fake.store(here, { info, parts: [part] })
      const run = yield* startFollowing
      fake.emit(event.delta(part, "two "), event.delta(part, "three."))
      yield* pass(500)
      assert.match(run.stdout(), /Go on\nThe agent is writing a text, which is shown when it is complete\.\n$/u)
      const whole = { ...part, text: "One two three.", time: { start: 1, end: 2 } }
      fake.emit(event.part(whole))
      yield* pass(500)
      assert.match(run.stdout(), /complete\.\n\n── build · .*\nOne two three\.\n$/u)
      yield* Fiber.interrupt(run.fiber)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("shows a request when it is opened, once", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      makeBusy(fake)
      fake.permissions.push(permission("1"))
      fake.emit(event.asked(permission("1")), event.asked(permission("1")))
      yield* pass(5000)
      assert.lengthOf(run.stdout().match(/Waiting for a person/gu) ?? [], 1)
      yield* Fiber.interrupt(run.fiber)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("the connection breaks during `read --follow`: it is made again, and what was missed is shown", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      const info = assistant(msg("2a"), msg("2"), { agent: "build" })
      const part = textPart(info.id, "")
      fake.store(here, user(msg("2"), "Go on"))
      fake.store(here, { info, parts: [part] })
      fake.emit(event.message(user(msg("2")).info), event.message(info), event.part(part), event.delta(part, "One "))
      yield* pass(500)
      fake.cut()
      yield* pass(500)
      const ended = assistant(msg("2a"), msg("2"), { ...done(), agent: "build" })
      fake.store(here, { info: ended, parts: [textPart(info.id, "One two three.")] })
      yield* pass(10_000)
      assert.match(
        run.stdout(),
        /One\nNo contact with fake; reconnecting\.\nConnected to fake again\.\ntwo three\.\n$/u,
      )
      yield* Fiber.interrupt(run.fiber)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("says once why the instance is away and since when, and goes on when it is back", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      fake.fail("*", Fault.refused)
      fake.cut()
      yield* pass(300_000, 300)
      const lines = run.stdout().match(/^No contact with fake.*$/gmu) ?? []
      assert.lengthOf(lines, 2, run.stdout())
      assert.match(
        lines[1] ?? "",
        /^No contact with fake since 1970-01-01T00:00:0\d\.\d{3}Z \(unreachable: nothing answers there \(ECONNREFUSED\).*\)\. Still trying; Ctrl-C ends this\.$/u,
      )
      fake.heal()
      fake.store(here, user(msg("2"), "Go on"))
      yield* pass(10_000)
      assert.match(run.stdout(), /Connected to fake again\.\n[^]*Go on\n$/u)
      yield* Fiber.interrupt(run.fiber)
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("ends with a status of its own when the instance is not announced any more", () => {
    let announcements = [announcement("fake", 4096, { url: target.url })]
    return Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      fake.fail("*", Fault.refused)
      fake.cut()
      announcements = []
      const { reason, status } = yield* resultOf(run, 60_000)
      assert.strictEqual(status, exitStatus.gone)
      assert.include(reason, "fake is gone: it is not announced any more.")
    }).pipe(Effect.provide(overTheFakeFound(() => ({ announcements, problems: [] }))))
  })

  it.effect("ends when the instance refuses the password, because trying again does not help", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      fake.fail("*", Fault.unauthorized)
      fake.cut()
      const { reason, status } = yield* resultOf(run, 5000)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, "OPENCODE_SERVER_PASSWORD")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("the session is deleted during `read --follow`: it says so, and the exit status is 1", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      turn(fake)
      const run = yield* startFollowing
      fake.emit({ type: "session.deleted", properties: { info: session("main") } })
      const { reason, status } = yield* resultOf(run)
      assert.strictEqual(status, exitStatus.failed)
      assert.include(reason, "Session ses_main was deleted")
    }).pipe(Effect.provide(overTheFake)),
  )

  it.effect("has no JSON form", () =>
    Effect.gen(function* () {
      const run = yield* startCommand(readSession({ ...input, follow: true, asJson: true }))
      assert.strictEqual((yield* resultOf(run)).status, exitStatus.usage)
    }).pipe(Effect.provide(overTheFake)),
  )
})
