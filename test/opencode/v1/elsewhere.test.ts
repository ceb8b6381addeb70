/** Which sessions of opencode 1 count as running in another server of the same user. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type DatabaseUser, DatabaseUsers } from "../../../src/machine/DatabaseUsers.ts"
import { freshMessageId } from "../../../src/opencode/Identifiers.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import type { Message } from "../../../src/opencode/sessions/Message.ts"
import { OtherInstances } from "../../../src/opencode/sessions/otherServers.ts"
import { openTurn } from "../../../src/opencode/v1/elsewhere.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { assistant, done, failedWith, here, msg, session, user } from "../../../src/testing/samples.ts"
import { overFake, target } from "../../support/overFake.ts"

const minutes = 60_000

const asked = user(msg("1"))
const answered = (given = {}): Message => ({ info: assistant(msg("2"), msg("1"), given), parts: [] })
const streamed: Message = {
  ...answered(),
  parts: [{ type: "text", id: "prt_1", messageID: msg("2"), text: "so", time: { start: 1500 } }],
}

describe("The turn of the newest messages of a session", () => {
  it.each([
    ["has not begun in an empty session", [], undefined],
    ["is open for a minute after its prompt", [asked], { since: 1000, until: 61_000 }],
    ["is open while it is answered", [asked, answered()], { since: 1100, until: 1100 + 60 * minutes }],
    ["is open since its last text", [asked, streamed], { since: 1500, until: 1500 + 60 * minutes }],
    [
      "is open behind a message that reached it",
      [asked, answered(), user(msg("3"))],
      { since: 1100, until: 1100 + 60 * minutes },
    ],
    ["has ended with its answer", [asked, answered(done())], undefined],
    ["has ended with an error", [asked, answered(failedWith({ kind: "aborted", message: "" }))], undefined],
  ])("%s", (_, messages, expected) => {
    assert.deepStrictEqual(openTurn(messages, 60 * minutes), expected)
  })
})

/** A server with a session whose turn is open, and the other servers on its database. */
const scene = Effect.fnUntraced(function* (messages: ReadonlyArray<Message>, age: number) {
  const fake = yield* FakeOpencode
  fake.sessions = [session("main")]
  for (const message of messages) fake.store(here, message)
  yield* TestClock.adjust(age)
  return fake
})

/** `answers` are those of other instances of the fleet; the process with this id listens at the URL `http://ID`. */
const services = (
  others: ReadonlyArray<DatabaseUser> | undefined,
  answers: ReadonlyArray<{ readonly pid: number; readonly running: ReadonlyArray<string> }> = [],
) =>
  Layer.mergeAll(
    overFake,
    Layer.succeed(DatabaseUsers, {
      besides: () => Effect.undefined,
      besidesListener: () => Effect.succeed(others),
      listener: (url) => Effect.succeed(Number(url.slice("http://".length))),
    }),
    Layer.succeed(OtherInstances, () =>
      Effect.succeed(
        answers.map(({ pid, running }) => ({
          instance: `of-${pid}`,
          url: `http://${pid}`,
          running: new Set(running),
        })),
      ),
    ),
  )

const opencode = Effect.map(OpencodeClient, (client) => client.at(target))

const found = Effect.gen(function* () {
  return (yield* (yield* opencode).runningElsewhere([session("main")])).get(here)
})

const before = [{ pid: 8, startedAt: 5 }]

describe("An open turn that the server does not run", () => {
  it.effect.each([
    ["is elsewhere if another server may be running it", before, 30, { pid: 8, until: 1100 + 60 * minutes }],
    ["is over after an hour in which nothing was stored", before, 61, undefined],
    ["is elsewhere for 10 minutes if other servers are unknown", undefined, 9, { until: 1100 + 10 * minutes }],
    ["is over after these", undefined, 11, undefined],
    ["is over if there is no other server", [], 1, undefined],
    ["is over if the others have started since", [{ pid: 8, startedAt: 5000 }], 1, undefined],
  ] as const)("%s", ([, others, age, expected]) =>
    Effect.gen(function* () {
      yield* scene([asked, answered()], age * minutes)
      assert.deepStrictEqual(yield* found, expected)
    }).pipe(Effect.provide(services(others))),
  )

  it.effect.each([
    ["is on the instance that says so", before, [here], 30, { at: "of-8", until: 1100 + 60 * minutes }],
    ["is there also if other servers are unknown", undefined, [here], 30, { at: "of-8", until: 1100 + 60 * minutes }],
    ["is there also if it has just begun", undefined, [here], 0, { at: "of-8", until: 1100 + 60 * minutes }],
    ["is over if the only other server says that it is not running it", before, [], 1, undefined],
    [
      "is elsewhere if a process that is no instance may be running it",
      [...before, { pid: 9, startedAt: 5 }],
      [],
      30,
      { pid: 9, until: 1100 + 60 * minutes },
    ],
  ] as const)("%s", ([, others, running, age, expected]) =>
    Effect.gen(function* () {
      yield* scene([asked, answered()], age * minutes + 1200)
      assert.deepStrictEqual(yield* found, expected)
    }).pipe(Effect.provide(services(others, [{ pid: 8, running }]))),
  )

  it.effect("receives no prompt", () =>
    Effect.gen(function* () {
      const fake = yield* scene([asked, answered()], minutes)
      const prompt = (yield* opencode).prompt(here, { messageID: yield* freshMessageId, text: "more" })
      assert.deepInclude(yield* Effect.flip(prompt), { _tag: "RunsElsewhere", pid: 8 })
      assert.deepStrictEqual(fake.prompts, [])
    }).pipe(Effect.provide(services(before))),
  )

  it.effect("is no message that was never answered, such as a plugin's note", () =>
    Effect.gen(function* () {
      yield* scene([asked, answered(done()), user(msg("3"))], 2 * minutes)
      assert.isUndefined(yield* found)
    }).pipe(Effect.provide(services(before))),
  )

  it.effect.each([
    ["there is no other server", []],
    ["the others have started since the session's update", [{ pid: 8, startedAt: 5000 }]],
  ] as const)("is not looked for if %s", ([, others]) =>
    Effect.gen(function* () {
      const fake = yield* scene([asked, answered()], minutes)
      assert.isUndefined(yield* found)
      assert.strictEqual(fake.count(`GET /session/${here}/message`), 0)
    }).pipe(Effect.provide(services(others))),
  )

  it.effect("is looked for once in a session whose last turn has ended", () =>
    Effect.gen(function* () {
      const fake = yield* scene([asked, answered(done())], minutes)
      assert.isUndefined(yield* found)
      assert.isUndefined(yield* found)
      assert.strictEqual(fake.count(`GET /session/${here}/message`), 1)
    }).pipe(Effect.provide(services(before))),
  )
})
