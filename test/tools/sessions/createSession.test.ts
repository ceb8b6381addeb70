/** create_session with an agent, a model, permission rules and a worktree; fork_session; describe_instance. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Layer, Option } from "effect"
import type { CallValues } from "../../../src/mcp/Call.ts"
import { FakeFleet, fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { assistant, done, here, msg, session, user } from "../../../src/testing/samples.ts"
import { call } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { answering, asClient } from "../requests/askingClient.ts"

const versions = [
  { api: 1, rule: { permission: "bash", pattern: "npm *", action: "allow" } },
  { api: 2, rule: { action: "shell", resource: "npm *", effect: "allow" } },
] as const

const rules = [{ permission: "bash", pattern: "npm *", action: "allow" }] as const

type Services = Layer.Success<ReturnType<typeof fakeFleetLayer>>

const onEach = (name: string, test: (version: (typeof versions)[number]) => Effect.Effect<void, unknown, Services>) =>
  it.effect.each(versions)(`${name} (opencode $api)`, (version) =>
    test(version).pipe(Effect.provide(fakeFleetLayer({ name: "a", api: version.api, directory: "/work/project" }))),
  )

const only = Effect.map(FakeFleet, (fleet) => fleet.at("a"))

/** Lets time pass until the call has an answer: opencode 1 reports a worktree with an event. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* pass(2000)
    return yield* Fiber.join(fiber)
  })

const withPerson = (values: Partial<CallValues>) => asClient({ ...values, resumed: Option.none() })

describe("create_session", () => {
  onEach("keeps the agent, the model and the rules with the session, and works in a worktree", ({ rule }) =>
    Effect.gen(function* () {
      const fake = yield* only
      const { text, view } = yield* inTime(
        call("create_session", { agent: "build", model: "scripted/small", worktree: "login", permissions: rules }),
      )
      assert.strictEqual(view.worktree, "/work/worktrees/login")
      assert.strictEqual(view.session.directory, "/work/worktrees/login")
      assert.deepStrictEqual(view.allowed, ["allow bash npm *"])
      assert.include(text, "tell your human")
      const [created] = fake.sessions
      assert.isDefined(created)
      assert.deepStrictEqual(fake.permissionRules.get(created.id), [rule])
      const { agent, model } = fake.api === 1 ? created : { agent: "build", model: "scripted/small" }
      assert.deepStrictEqual([agent, model], ["build", "scripted/small"])
      assert.notInclude(view.next, "did not store")
    }),
  )

  onEach("creates nothing for an agent, a model or a worktree that cannot be", () =>
    Effect.gen(function* () {
      const fake = yield* only
      for (const wrong of [{ agent: "bild" }, { model: "scripted/large" }, { worktree: "../up" }]) {
        const { message } = yield* Effect.flip(inTime(call("create_session", { ...wrong, permissions: rules })))
        assert.include(message, "cannot be used")
      }
      fake.inGit = false
      assert.include((yield* Effect.flip(call("create_session", { worktree: "login" }))).message, "no git repository")
      assert.deepStrictEqual([fake.sessions, fake.worktrees], [[], []])
    }),
  )

  onEach("says that the worktree is left behind if the session cannot be created", () =>
    Effect.gen(function* () {
      const fake = yield* only
      fake.missingDirectories.add("/work/worktrees/login")
      const { message } = yield* Effect.flip(inTime(call("create_session", { worktree: "login" })))
      assert.include(message, 'The worktree "/work/worktrees/login" was created before and is left there')
    }),
  )

  onEach("shows the person what a rule allows, and creates nothing if they do not allow it", () =>
    Effect.gen(function* () {
      const fake = yield* only
      const refusing = answering({ action: "decline" }, { action: "accept", content: { decision: "refuse" } })
      for (const { values } of [refusing, refusing]) {
        const { message } = yield* Effect.flip(call("create_session", { permissions: rules }).pipe(withPerson(values)))
        assert.include(message, "Nothing was created")
      }
      assert.include(refusing.forms[0]?.message, "bash: npm *")
      assert.deepStrictEqual(fake.sessions, [])
      const allowing = answering({ action: "accept", content: { decision: "allow" } })
      yield* call("create_session", { permissions: rules }).pipe(withPerson(allowing.values))
      assert.lengthOf(fake.sessions, 1)
      const asked = answering()
      yield* call("create_session", { permissions: [{ ...rules[0], action: "deny" }] }).pipe(withPerson(asked.values))
      assert.lengthOf(asked.forms, 0)
    }),
  )

  onEach("says that nobody was asked if the client cannot show a form", () =>
    Effect.gen(function* () {
      const { text, view } = yield* call("create_session", { permissions: rules })
      assert.include(text, "tell your human")
      assert.include(view.next, "No person was asked")
      assert.include(text, "No person was asked")
      const { view: denied } = yield* call("create_session", { permissions: [{ ...rules[0], action: "deny" }] })
      assert.isUndefined(denied.next)
    }),
  )

  onEach("takes no rules that allow something from a caller who may not decide", () =>
    Effect.gen(function* () {
      const fake = yield* only
      const limited = asClient({ mayDecide: false })
      const { message } = yield* Effect.flip(call("create_session", { permissions: rules }).pipe(limited))
      assert.include(message, "may not decide")
      assert.deepStrictEqual(fake.sessions, [])
      yield* call("create_session", { permissions: [{ ...rules[0], action: "deny" }] }).pipe(limited)
      assert.lengthOf(fake.sessions, 1)
    }),
  )

  it.effect("takes the person's reply in a later call, if it is about the same rules", () =>
    Effect.gen(function* () {
      const fake = yield* only
      const asked = answering({ action: "cancel" })
      yield* Effect.flip(call("create_session", { permissions: rules }).pipe(withPerson(asked.values)))
      const { state } = asked.forms[0] ?? { state: "" }
      const reply = { action: "accept", content: { decision: "allow" } } as const
      const resumed = asClient({ canAsk: true, resumed: Option.some({ state, reply }) })
      const others = call("create_session", { permissions: [{ ...rules[0], pattern: "*" }] }).pipe(resumed)
      assert.include((yield* Effect.flip(others)).message, "another call")
      assert.lengthOf(fake.sessions, 0)
      yield* call("create_session", { permissions: rules }).pipe(resumed)
      assert.lengthOf(fake.sessions, 1)
    }).pipe(Effect.provide(fakeFleetLayer("a"))),
  )
})

describe("fork_session", () => {
  onEach("copies the conversation, or what is before a message", () =>
    Effect.gen(function* () {
      const fake = yield* only
      fake.sessions = [session("main")]
      fake.store(here, user(msg("one"), "First"))
      fake.store(here, { info: assistant(msg("answer"), msg("one"), done()), parts: [] })
      fake.store(here, user(msg("two"), "Second"))
      const { text, view } = yield* call("fork_session", { session_id: here })
      assert.strictEqual(view.forked_from, here)
      assert.include(text, "with the conversation of")
      yield* call("fork_session", { session_id: here, message_id: msg("two") })
      const copies = fake.sessions.slice(1).map(({ id }) => fake.messages.get(id)?.length)
      assert.deepStrictEqual(copies, [3, 2])
      const unknown = call("fork_session", { session_id: here, message_id: "msg_no" })
      assert.include((yield* Effect.flip(unknown)).message, "no such message")
      assert.lengthOf(fake.sessions, 3)
    }),
  )
})

describe("describe_instance", () => {
  onEach("names what there is, the default model first", () =>
    Effect.gen(function* () {
      const fake = yield* only
      fake.providers = [{ id: "scripted", models: { a: { id: "a" }, small: { id: "small" } } }]
      const { text, view } = yield* call("describe_instance", {})
      assert.deepStrictEqual(view.models, ["scripted/small", "scripted/a"])
      assert.strictEqual(view.default_model, "scripted/small")
      assert.deepStrictEqual(
        view.agents.map(({ name }) => name),
        ["build"],
      )
      assert.include(text, "`/init`")
      assert.include(view.projects, "/work/project")
      fake.missingDirectories.add("/gone")
      assert.include(
        (yield* Effect.flip(inTime(call("describe_instance", { directory: "/gone" })))).message,
        "no directory",
      )
    }),
  )

  it.effect("waits until opencode 2 has loaded a directory that it is asked about for the first time", () =>
    Effect.gen(function* () {
      const fake = yield* only
      const { agents } = fake
      fake.agents = []
      const describing = yield* Effect.forkChild(call("describe_instance", { directory: "/work/new" }))
      yield* pass(400)
      fake.agents = agents
      yield* pass(400)
      const { view } = yield* Fiber.join(describing)
      assert.deepStrictEqual(
        view.agents.map(({ name }) => name),
        ["build"],
      )
    }).pipe(Effect.provide(fakeFleetLayer({ name: "a", api: 2 }))),
  )
})
