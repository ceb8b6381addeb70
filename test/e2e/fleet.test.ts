/** Instances that require a password, end, come back, move, and are killed during a turn. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession, GetSession, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { freePort } from "../support/loopback.ts"
import { connect, FleetClient, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode, start } from "../support/RealOpencode.ts"
import { within } from "../support/patience.ts"

const healthOf = (client: McpClient, name: string) =>
  Effect.map(client.call(RefreshInstances), ({ instances }) => instances.find((instance) => instance.name === name))

const password = "correct:horse-battery"
const variables = { OPENCODE_SERVER_PASSWORD: password }

layer(FleetClient.layer({ password }, { variables }), { excludeTestServices: true })("an instance", (it) => {
  it.effect(
    "that ends is listed as down with the time it was last seen, and as online when it is back on its port",
    () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const client = yield* FleetClient
        const before = yield* healthOf(client, "main")
        assert.strictEqual(before?.health, "online")
        yield* opencode.stop
        const down = yield* healthOf(client, "main")
        assert.strictEqual(down?.health, "unreachable")
        assert.isAtMost(Date.now() - Date.parse(down?.last_seen ?? ""), 60_000)
        const { text } = yield* Effect.flip(client.call(CreateSession, { instance: "main", title: "Nobody home" }))
        assert.include(text, "cannot be reached")
        yield* opencode.restart
        // The call finds it without an explicit refresh.
        const { session } = yield* client.call(CreateSession, { instance: "main", title: "Back again" })
        assert.strictEqual(session.title, "Back again")
        assert.strictEqual((yield* healthOf(client, "main"))?.health, "online")
      }),
  )

  it.effect("that moves to another port is found there by the next call if its registration says so", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const client = yield* FleetClient
      const { session } = yield* client.call(CreateSession, { instance: "main", title: "Before the move" })
      const moved = yield* start({ beside: opencode, password })
      yield* opencode.stop
      yield* client.relay.register("main", moved)
      const listed = yield* client.call(ListSessions, { instance: "main", search: "Before the move" })
      assert.strictEqual(listed.sessions[0]?.session_id, session.session_id)
      assert.strictEqual((yield* healthOf(client, "main"))?.health, "online")
      yield* moved.stop
      yield* client.relay.register("main", opencode)
      yield* opencode.restart
      yield* healthOf(client, "main").pipe(eventually((main) => main?.health === "online"))
    }),
  )

  it.effect.each(["kill", "stop"] as const)(
    "that ends (%s) in mid-turn and comes back: the turn is interrupted",
    (end) =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const client = yield* FleetClient
        const { session } = yield* client.call(CreateSession, { instance: "main", title: `Ended by ${end}` })
        const send = (message: string) =>
          client.call(SendMessage, { instance: "main", session_id: session.session_id, message }, () => {})
        const turn = yield* Effect.forkChild(send("slow: 600"))
        // The answer has started. opencode does not store streamed text until it is complete.
        yield* facts.texts(opencode, session.session_id).pipe(eventually((texts) => texts.length === 2))
        yield* opencode[end]
        yield* opencode.restart
        const { detail, next, outcome } = yield* Fiber.join(turn).pipe(within("the end of the turn"))
        assert.strictEqual(outcome, "interrupted")
        for (const said of [detail, next]) assert.isNotEmpty(said)
        assert.deepInclude(yield* send("say:still good"), { outcome: "completed", text: "still good" })
        const { messages } = yield* client.call(GetSession, { instance: "main", session_id: session.session_id })
        assert.lengthOf(messages, 4)
      }),
  )

  it.effect.skipIf(process.platform !== "linux")(
    "does not disturb a turn that another server of the same user is running, until that server has ended",
    () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const { call } = yield* FleetClient
        const other = yield* start({ beside: opencode, password })
        const { id } = yield* facts.createSession(other, "Runs elsewhere")
        yield* facts.prompt(other, id, "slow: 6000")
        yield* facts.texts(other, id).pipe(eventually((texts) => texts.length === 2))
        const statusHere = Effect.map(call(GetSession, { instance: "main", session_id: id }), ({ session }) => session)
        assert.deepInclude(yield* statusHere, { status: "elsewhere" })
        for (const if_busy of ["wait", "steer", "fail"]) {
          const send = call(SendMessage, { instance: "main", session_id: id, message: "say:no", if_busy })
          assert.include((yield* Effect.flip(send)).text, "Nothing was sent")
        }
        const aborted = yield* call(AbortSession, { instance: "main", session_id: id })
        assert.deepInclude(aborted, { was_running: false, elsewhere: true })
        assert.strictEqual(yield* facts.status(other, id), "busy")
        yield* other.kill
        assert.strictEqual((yield* statusHere).status, "idle")
        const turn = yield* call(SendMessage, { instance: "main", session_id: id, message: "say:yes" })
        assert.deepInclude(turn, { outcome: "completed", text: "yes" })
      }),
  )

  it.effect("must be named if several are online, by any unique part of its name, ignoring case", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const relay = yield* makeRelay()
      yield* relay.register("Web-Shop", opencode)
      yield* relay.register("archive", { port: yield* freePort })
      const client = yield* connect(relay, { variables })
      for (const instance of [undefined, "Web-Shop", "web-shop", "SHOP"]) {
        const listed = yield* client.call(ListSessions, { limit: 1, ...(instance === undefined ? {} : { instance }) })
        assert.strictEqual(listed.instance, "Web-Shop")
      }
      const unknown = yield* Effect.flip(client.call(ListSessions, { instance: "shoop" }))
      for (const name of ["shoop", "Web-Shop", "archive"]) assert.include(unknown.text, name)
      const ambiguous = yield* Effect.flip(client.call(ListSessions, { instance: "h" }))
      for (const name of ["Web-Shop", "archive"]) assert.include(ambiguous.text, name)
      const second = yield* start({ beside: opencode, password })
      yield* relay.register("blog", second)
      yield* client.call(RefreshInstances).pipe(eventually(({ health_counts: counts }) => counts["online"] === 2))
      const unnamed = yield* Effect.flip(client.call(ListSessions))
      for (const name of ["Web-Shop", "blog"]) assert.include(unnamed.text, name)
    }),
  )

  /** A client with these credentials, and a check that its output does not contain the password. */
  const withCredentials = Effect.fnUntraced(function* (variables: Readonly<Record<string, string>>) {
    const relay = yield* makeRelay()
    yield* relay.register("locked", yield* RealOpencode)
    const client = yield* connect(relay, { variables: { LOG_LEVEL: "all", ...variables } })
    const given = variables["OPENCODE_SERVER_PASSWORD"] ?? password
    const user = variables["OPENCODE_SERVER_USERNAME"] ?? "opencode"
    const secrets = [given, password, btoa(`${user}:${given}`)]
    const ask = Effect.fnUntraced(function* () {
      const said = [
        yield* client.text(RefreshInstances),
        JSON.stringify(yield* client.call(ListInstances)),
        yield* client.text(CreateSession, { instance: "locked", title: "Behind the door" }),
        yield* client.text(SendMessage, { instance: "locked", session_id: "Behind the door", message: "say:hello" }),
        yield* client.text(ListSessions, { instance: "locked" }),
        yield* client.stderr,
      ]
      for (const secret of secrets) assert.notInclude(said.join("\n"), secret)
      return said
    })
    return { client, relay, ask, health: healthOf(client, "locked") }
  })

  it.effect.each([
    ["without it", {}, "set OPENCODE_SERVER_PASSWORD"],
    ["with another one", { OPENCODE_SERVER_PASSWORD: "wrong-password" }, "refuses the password"],
    [
      "with the right one and another user",
      { OPENCODE_SERVER_PASSWORD: password, OPENCODE_SERVER_USERNAME: "alice" },
      "refuses the password or user name",
    ],
  ] as const)("with a password is unauthorized %s, and nobody learns the password", ([, variables, reason]) =>
    Effect.gen(function* () {
      const { ask, health } = yield* withCredentials(variables)
      const locked = yield* health
      assert.strictEqual(locked?.health, "unauthorized")
      assert.include(locked?.reason, reason)
      const sessions = facts.sessions(yield* RealOpencode)
      const before = yield* sessions
      const [, , created] = yield* ask()
      assert.include(created, "OPENCODE_SERVER_PASSWORD")
      assert.deepStrictEqual(yield* sessions, before)
    }),
  )

  it.effect("with a password is online with it, and the password does not appear in any output", () =>
    Effect.gen(function* () {
      const { ask, health } = yield* withCredentials({ OPENCODE_SERVER_PASSWORD: password })
      assert.strictEqual((yield* health)?.health, "online")
      const said = yield* ask()
      assert.include(said[3], "hello")
      assert.include(said[4], "Behind the door")
    }),
  )

  it.effect("never receives the password through a registration that other users could have written", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { client, health, relay } = yield* withCredentials({ OPENCODE_SERVER_PASSWORD: password })
      assert.strictEqual((yield* health)?.health, "online")
      yield* fs.chmod(`${relay.directory}/locked.json`, 0o666)
      const { instances, problems } = yield* client.call(RefreshInstances)
      assert.deepStrictEqual(instances, [])
      assert.include(problems[0]?.reason, "written by other users")
      yield* fs.chmod(`${relay.directory}/locked.json`, 0o600)
      yield* fs.chmod(relay.directory, 0o777)
      assert.include((yield* client.call(RefreshInstances)).problems[0]?.reason, "chmod go-w")
    }),
  )
})
