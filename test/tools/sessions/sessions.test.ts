import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Fault from "../../../src/testing/Fault.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { call, toolsOverFake } from "../../support/fleetOver.ts"
import { pass, whilePassing } from "../../support/overFake.ts"
import {
  assistant,
  completedTool,
  done,
  here,
  msg,
  permission,
  ses,
  session,
  textPart,
  toolPart,
  updatedAt,
  user,
} from "../../../src/testing/samples.ts"

const messagesRoute = `GET /session/${here}/message`
const budget = 9000

/** Numbered messages with the given amount of text. */
const fill = (fake: FakeState, count: number, length = 0) => {
  fake.sessions = [session("main")]
  for (let index = 1; index <= count; index++) {
    fake.store(here, user(msg(String(index)), `Number ${index}. ${"x".repeat(length)}`))
  }
}

describe("list_sessions", () => {
  it.effect("shows full ids, titles and status, most recently updated first", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 3)
      fake.sessions.push(session("new", { title: "Newest", time: { created: 1, updated: 9000 } }))
      fake.statuses.set(here, { type: "busy" })
      const { text, view } = yield* call("list_sessions", {})
      assert.deepStrictEqual(
        view.sessions.map(({ session_id: id, status }) => ({ id, status })),
        [
          { id: "ses_new", status: "idle" },
          { id: "ses_main", status: "busy" },
        ],
      )
      assert.include(text, "`ses_main`")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("never waits for the messages to be counted, and shows the count as soon as it is known", () =>
    Effect.gen(function* () {
      fill(yield* FakeOpencode, 3)
      const { text, view } = yield* call("list_sessions", {})
      assert.isUndefined(view.sessions[0]?.message_count)
      assert.include(text, "… messages")
      yield* pass(1000)
      assert.include((yield* call("list_sessions", {})).text, "3 messages")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows no count of a running session, because it changes with each step", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 3)
      yield* call("list_sessions", {})
      yield* pass(1000)
      fake.statuses.set(here, { type: "busy" })
      const { view } = yield* call("list_sessions", {})
      assert.isUndefined(view.sessions[0]?.message_count)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("counts messages up to a bound and marks a count that reached it", () =>
    Effect.gen(function* () {
      fill(yield* FakeOpencode, 130)
      yield* call("list_sessions", {})
      yield* pass(1000)
      const { text } = yield* call("list_sessions", {})
      assert.include(text, "100+ messages")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("counts the messages of an unchanged session only once", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 3)
      fake.store(here, { info: assistant(msg("answer"), msg("3"), done()), parts: [] })
      // Once for the count, and once to see whether its last turn has ended.
      for (let time = 0; time < 3; time++) {
        yield* call("list_sessions", {})
        yield* pass(1000)
      }
      assert.strictEqual(fake.count(messagesRoute), 2)
      fill(fake, 4)
      fake.store(here, { info: assistant(msg("another"), msg("4"), done()), parts: [] })
      fake.sessions = [session("main", { time: { created: 1000, updated: 3000 } })]
      assert.isUndefined((yield* call("list_sessions", {})).view.sessions[0]?.message_count)
      yield* pass(1000)
      const { text } = yield* call("list_sessions", {})
      assert.strictEqual(fake.count(messagesRoute), 4)
      assert.include(text, "6 messages")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("lists subagents below the session they work for, regardless of age", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("old", updatedAt(1)),
        session("new", updatedAt(50)),
        session("child", { parentID: ses("old"), ...updatedAt(99) }),
        session("grandchild", { parentID: ses("child"), ...updatedAt(98) }),
        session("orphan", { parentID: ses("gone"), ...updatedAt(2) }),
      ]
      const { text, view } = yield* call("list_sessions", {})
      assert.deepStrictEqual(
        view.sessions.map(({ session_id: id }) => id),
        ["ses_new", "ses_orphan", "ses_old", "ses_child", "ses_grandchild"],
      )
      assert.strictEqual(view.matching_count, 3)
      assert.include(text, "  - subagent `Session child`")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("lists every session even if the parent references form a cycle", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("one", { parentID: ses("two") }),
        session("two", { parentID: ses("one") }),
        session("self", { parentID: ses("self") }),
      ]
      const { view } = yield* call("list_sessions", {})
      assert.strictEqual(new Set(view.sessions.map(({ session_id: id }) => id)).size, 3)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows how many sessions match and how many are listed", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = Array.from({ length: 30 }, (_, index) => session(`s${index}`))
      const all = yield* call("list_sessions", {})
      assert.strictEqual(all.view.next, "10 more sessions: list_sessions with offset 20.")
      assert.include(all.text, "10 more sessions: list_sessions with offset 20.")
      assert.include(all.text, "30 sessions on `fake`, 20 of them below")
      const found = yield* call("list_sessions", { search: "SESSION S7" })
      assert.strictEqual(found.view.matching_count, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows the pending request of a waiting session", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 1)
      fake.statuses.set(here, { type: "busy" })
      fake.permissions = [permission("1")]
      const { text } = yield* call("list_sessions", {})
      assert.include(text, "**waiting** (`permission for bash: rm -rf build` · `per_1`)")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows a subagent's request at its parents at any depth, idle ones included", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("root"),
        session("child", { parentID: ses("root") }),
        session("grandchild", { parentID: ses("child") }),
        session("other"),
      ]
      for (const name of ["root", "grandchild", "other"]) fake.statuses.set(ses(name), { type: "busy" })
      fake.permissions = [permission("1", ses("grandchild"))]
      const { text, view } = yield* call("list_sessions", {})
      assert.sameDeepMembers(
        view.sessions.map(({ session_id: id, status }) => [id, status]),
        [
          ["ses_root", "waiting"],
          ["ses_child", "waiting"],
          ["ses_grandchild", "waiting"],
          ["ses_other", "busy"],
        ],
      )
      const root = view.sessions.find(({ session_id: id }) => id === "ses_root")
      assert.deepStrictEqual(root?.waiting_for, [
        {
          kind: "permission",
          id: "per_1",
          session_id: "ses_grandchild",
          about: "permission for bash: rm -rf build",
        },
      ])
      assert.include(text, "(`permission for bash: rm -rf build` · `per_1` of subagent `ses_grandchild`)")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("terminates if the parents of a waiting session form a cycle", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("one", { parentID: ses("two") }), session("two", { parentID: ses("one") })]
      fake.statuses.set(ses("one"), { type: "busy" })
      fake.permissions = [permission("1", ses("one"))]
      const { view } = yield* call("list_sessions", {})
      assert.strictEqual(view.sessions.find(({ session_id: id }) => id === "ses_one")?.status, "waiting")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("get_session", () => {
  it.effect("reads the messages while it reads the session", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 3)
      fake.fail(`GET /session/${here}`, Fault.hang)
      const fiber = yield* Effect.forkChild(call("get_session", { session_id: here }))
      yield* pass(200)
      assert.strictEqual(fake.count(messagesRoute), 1)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("finds a session by the beginning of its id", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("mainly"), session("other")]
      fake.store(ses("mainly"), user(msg("1"), "Hello"))
      const { view } = yield* call("get_session", { session_id: here })
      assert.strictEqual(view.session.session_id, "ses_mainly")
      assert.lengthOf(view.messages, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows a subagent's request even if neither its session nor its parent was queried", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("main"),
        session("child", { parentID: here }),
        session("grandchild", { parentID: ses("child") }),
        session("orphan", { parentID: ses("gone") }),
      ]
      for (const { id } of fake.sessions) fake.statuses.set(id, { type: "busy" })
      fake.permissions = [permission("1", ses("grandchild")), permission("2", ses("orphan"))]
      const { view } = yield* call("get_session", { session_id: here })
      assert.deepStrictEqual(
        view.session.waiting_for?.map(({ id, session_id }) => [id, session_id]),
        [["per_1", "ses_grandchild"]],
      )
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("shows a conversation", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 1)
      const info = assistant(msg("a"), msg("1"), {
        ...done(),
        agent: "build",
        model: "acme/big",
        cost: 0.25,
        tokens: { input: 10, output: 5, reasoning: 0 },
      })
      fake.store(here, {
        info,
        parts: [toolPart(info.id, completedTool("a.txt")), textPart(info.id, "There is one file.")],
      })
      const { text } = yield* call("get_session", { session_id: here })
      for (const shown of ["Number 1.", "bash", "**completed**", '{"command":"ls"}', "a.txt", "There is one file."]) {
        assert.include(text, shown)
      }
      for (const shown of ["acme/big", "10 tokens in, 5 out", "$0.2500", "2 messages"]) assert.include(text, shown)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("marks where text was clipped, and how much", () =>
    Effect.gen(function* () {
      fill(yield* FakeOpencode, 1, 9000)
      const { text } = yield* call("get_session", { session_id: here })
      assert.match(text, /… \[5,\d\d\d more characters: get_session with message_id msg_1 and offset 4000\]/u)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("fits the budget, and `before` pages through all messages without a gap", () =>
    Effect.gen(function* () {
      fill(yield* FakeOpencode, 60, 3500)
      const read: Array<string> = []
      let before: string | undefined
      do {
        const page = yield* call("get_session", {
          session_id: here,
          message_limit: 25,
          ...(before === undefined ? {} : { before }),
        })
        assert.isAtMost(page.text.length, budget)
        read.unshift(...page.view.messages.map(({ message_id: id }) => id))
        before = page.view.before
      } while (before !== undefined && read.length < 100)
      assert.deepStrictEqual(
        read,
        Array.from({ length: 60 }, (_, index) => `msg_${index + 1}`),
      )
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("fits the budget with one message of a thousand tool calls, and keeps the newest ones", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fill(fake, 0)
      const info = assistant(msg("a"), msg("1"), done())
      const parts = Array.from({ length: 1000 }, (_, index) =>
        toolPart(info.id, completedTool(`Output ${index} ${"`".repeat(index)}`), "bash", `prt_${index}`),
      )
      fake.store(here, { info, parts })
      const { text } = yield* call("get_session", { session_id: here })
      assert.isAtMost(text.length, budget + 100)
      assert.isTrue(text.includes("Output 999"), "the newest part is shown")
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("names the parameter if `before` is not a cursor of the session", () =>
    Effect.gen(function* () {
      fill(yield* FakeOpencode, 2)
      const error = yield* Effect.flip(call("get_session", { session_id: here, before: "yesterday" }))
      assert.include(String(error), 'before "yesterday" cannot be used')
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

const within = (directory: string) =>
  Effect.map(call("list_sessions", { directory }), ({ view }) => view.sessions.map(({ session_id: id }) => String(id)))

describe("list_sessions with a directory", () => {
  it.effect("lists the sessions in it and below, and says where each one works", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("shop", { directory: "/work/shop" }),
        session("api", { directory: "/work/shop/api" }),
        session("other", { directory: "/work/shopping" }),
      ]
      assert.sameMembers(yield* within("/work/shop"), ["ses_shop", "ses_api"])
      assert.deepStrictEqual(yield* within("/work/shop/api/"), ["ses_api"])
      assert.deepStrictEqual(yield* within("/work/sho"), [])
      assert.lengthOf(yield* within("/"), 3)
      const { text } = yield* call("list_sessions", {})
      assert.include(text, "in `/work/shopping`")
      assert.include((yield* call("list_sessions", { directory: "/nowhere" })).text, "No session matches (3 in total).")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("create_session", () => {
  it.effect("creates the session in the directory, which must exist there", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.missingDirectories.add("/work/gone")
      const { text, view } = yield* call("create_session", { directory: "/work/shop/" })
      assert.strictEqual(view.session.directory, "/work/shop")
      assert.include(text, "in `/work/shop`")
      const missing = yield* whilePassing(2000, Effect.flip(call("create_session", { directory: "/work/gone" })))
      assert.include(
        missing.message,
        'There is no directory "/work/gone" on the machine of fake that opencode can use.',
      )
      const relative = yield* Effect.flip(call("create_session", { directory: "work/shop" }))
      assert.include(relative.message, "absolute path")
      assert.lengthOf(fake.sessions, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("returns the id of the new session", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { text } = yield* call("create_session", { title: "Tidy up" })
      assert.deepInclude(fake.sessions[0], { title: "Tidy up" })
      assert.include(text, fake.sessions[0]?.id ?? "none")
    }).pipe(Effect.provide(toolsOverFake)),
  )
})
