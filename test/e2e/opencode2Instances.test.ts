/** What an instance of opencode 2 is: a service with its projects, and beside it private servers with the same sessions. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { hostname } from "node:os"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession, GetSession, GetStatus, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay, relayIn } from "../support/Executable.ts"
import { makeHttpsProxy } from "../support/httpsProxy.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencode2Facts.ts"
import { start } from "../support/RealOpencode2.ts"
import { RealService } from "../support/RealService.ts"
import { withOpencode2 } from "../support/requirements.ts"

/** An MCP client whose server runs as the user of the service, without any setting. */
const client = Effect.gen(function* () {
  const service = yield* RealService
  return yield* connect(yield* relayIn(service.home, "/nowhere"), { variables: { RELAY_REGISTRY_DIR: undefined } })
})

/** A private server of the same user, which nobody can find, with a turn that runs for a minute. */
const privateTurn = Effect.fnUntraced(function* (title: string) {
  const service = yield* RealService
  const own = yield* start({ beside: service, password: "private" })
  const { id } = yield* facts.createSession(own, title)
  yield* facts.prompt(own, id, "slow: 6000")
  yield* facts.conversation(own, id).pipe(eventually((entries) => entries.length > 1))
  assert.isTrue(yield* facts.isActive(own, id))
  assert.isFalse(yield* facts.isActive(service, id))
  return { own, id }
})

withOpencode2("an instance of opencode 2", () => {
  layer(RealService.layer(), { excludeTestServices: true })((it) => {
    it.effect("has its projects, and sessions in all of their directories", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const service = yield* RealService
        const { call, text } = yield* client
        const none = yield* Effect.flip(call(CreateSession))
        assert.include(none.text, "has no sessions yet, so a new session needs a directory")
        const first = yield* call(CreateSession, { directory: service.directory, title: "First" })
        assert.strictEqual(first.session.directory, service.directory)
        assert.strictEqual((yield* call(CreateSession, { title: "Second" })).session.directory, service.directory)
        const other = `${service.home}/other`
        const missing = yield* Effect.flip(call(CreateSession, { directory: other }))
        assert.include(missing.text, `There is no directory "${other}" on the machine of`)
        yield* fs.makeDirectory(other)
        const third = yield* call(CreateSession, { directory: `${other}/`, title: "Third" })
        const ambiguous = yield* Effect.flip(call(CreateSession))
        assert.include(ambiguous.text, other)
        assert.include(ambiguous.text, service.directory)
        const within = yield* call(ListSessions, { directory: other })
        assert.deepStrictEqual(
          within.sessions.map(({ session_id: id }) => id),
          [third.session.session_id],
        )
        assert.lengthOf((yield* call(ListSessions)).sessions, 3)
        const [instance] = (yield* call(RefreshInstances)).instances
        assert.deepInclude(instance, { api: 2, project_count: 2 })
        assert.sameDeepMembers(
          [...(instance?.projects ?? [])],
          [
            { directory: other, active_count: 0 },
            { directory: service.directory, active_count: 0 },
          ],
        )
        assert.include(yield* text(ListInstances), "Projects: ")
        const turn = yield* call(SendMessage, { session_id: "Third", message: "run: pwd" })
        assert.include(turn.text, other)
      }),
    )

    it.effect("does not start a second turn in a session that a private server is running", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const { call } = yield* client
        const { id, own } = yield* privateTurn("Private")
        const listed = (yield* call(ListSessions)).sessions.find((session) => session.session_id === id)
        assert.deepInclude(listed, { status: "elsewhere" })
        assert.include(listed?.detail, "another opencode (process ")
        assert.strictEqual((yield* call(GetSession, { session_id: id })).session.status, "elsewhere")
        assert.include(
          (yield* call(GetStatus)).active.map((session) => session.session_id),
          id,
        )
        for (const if_busy of ["wait", "steer", "fail"]) {
          const refused = yield* Effect.flip(call(SendMessage, { session_id: id, message: "say:no", if_busy }))
          assert.include(refused.text, "Nothing was sent")
          assert.include(refused.text, "Another opencode of the same user")
        }
        assert.deepInclude(yield* call(AbortSession, { session_id: id }), { was_running: false, elsewhere: true })
        assert.isTrue(yield* facts.isActive(own, id))
        assert.notInclude(yield* facts.conversation(service, id), "say:no")
        // Without the private server, the turn is over.
        yield* own.kill
        assert.strictEqual((yield* call(GetSession, { session_id: id })).session.status, "idle")
        const turn = yield* call(SendMessage, { session_id: id, message: "say:yes" })
        assert.deepInclude(turn, { outcome: "completed", text: "yes" })
      }),
    )

    it.effect("shares its sessions with a second server of the user: each is listed once, where it runs", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const service = yield* RealService
        const { id, own } = yield* privateTurn("Second server")
        const directory = `${service.home}/relay`
        yield* fs.makeDirectory(directory)
        const relay = yield* relayIn(service.home, directory)
        const password = { env: "SECOND" }
        yield* relay.write("second.json", { name: "second", hostname: hostname(), port: own.port, password })
        const { call } = yield* connect(relay, { variables: { SECOND: own.password } })
        const fleet = yield* call(RefreshInstances)
        assert.deepStrictEqual(fleet.health_counts, { online: 2 })
        const name = fleet.instances.find(({ transports }) => transports.includes("service"))?.name ?? ""
        const first = yield* call(ListSessions, { instance: name, limit: 200 })
        assert.notInclude(
          first.sessions.map((session) => session.session_id),
          id,
        )
        assert.deepStrictEqual(first.listed_at, [{ instance: "second", session_count: 1 }])
        const second = yield* call(ListSessions, { instance: "second" })
        assert.deepStrictEqual(
          second.sessions.map((session) => [session.session_id, session.status]),
          [[id, "busy"]],
        )
        const refused = yield* Effect.flip(call(SendMessage, { instance: name, session_id: id, message: "say:no" }))
        assert.include(refused.text, "is running on second")
        assert.deepInclude(yield* call(AbortSession, { instance: name, session_id: id }), { running_at: "second" })
        const waited = yield* Effect.flip(call(WaitForSession, { instance: name, session_id: id }))
        assert.include(waited.text, 'Pass instance "second"')
        assert.isTrue((yield* call(AbortSession, { instance: "second", session_id: id })).was_running)
        assert.include(
          (yield* call(ListSessions, { instance: name, limit: 200 })).sessions.map((session) => session.session_id),
          id,
        )
      }),
    )

    it.effect("is reached by https through the user's own proxy, which asks for a secret header", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const relay = yield* makeRelay()
        const secret = "proxy-secret-9Zk2"
        const proxy = yield* makeHttpsProxy(service.url, { header: "x-proxy-key", path: "/box", secret })
        const password = { command: ["printenv", "BOX_PASSWORD"] }
        const headers = { "X-Proxy-Key": { env: "PROXY_KEY" } }
        yield* relay.write("box.json", { name: "box", url: proxy.url, password, headers })
        const { call, stderr } = yield* connect(relay, {
          variables: {
            BOX_PASSWORD: service.password,
            PROXY_KEY: secret,
            NODE_EXTRA_CA_CERTS: proxy.certificate,
            TRANSPORT: "local-relay",
          },
        })
        const fleet = yield* call(RefreshInstances)
        assert.deepInclude(fleet.instances[0], { name: "box", health: "online", api: 2, url: proxy.url })
        const { session } = yield* call(CreateSession, { directory: service.directory, title: "Through the proxy" })
        const turn = yield* call(SendMessage, { session_id: session.session_id, message: "say:through" })
        assert.deepInclude(turn, { outcome: "completed", text: "through" })
        const told = JSON.stringify([fleet, turn]) + (yield* stderr)
        assert.notInclude(told, secret)
        assert.notInclude(told, service.password)
      }),
    )

    it.effect("has its own password by a reference in its registration", () =>
      Effect.gen(function* () {
        const service = yield* RealService
        const relay = yield* makeRelay()
        const variables = { OPENCODE_SERVER_PASSWORD: "of-the-fleet", BOX_PASSWORD: service.password }
        yield* relay.write("a.json", { name: "a", port: service.port, password: { env: "BOX_PASSWORD" } })
        const { call, stderr } = yield* connect(relay, { variables })
        const fleet = yield* call(RefreshInstances)
        assert.deepInclude(fleet.instances[0], { name: "a", health: "online", api: 2 })
        const command = ["sh", "-c", `echo ${service.password}; exit 7`]
        yield* relay.write("a.json", { name: "a", port: service.port, password: { command } })
        const failed = yield* call(RefreshInstances)
        assert.deepInclude(failed.instances[0], { name: "a", health: "unauthorized" })
        assert.include(failed.problems[0]?.reason, 'the command "sh" ended with exit status 7')
        yield* relay.write("a.json", { name: "a", port: service.port, password: service.password })
        const literal = yield* call(RefreshInstances)
        assert.deepStrictEqual(literal.instances, [])
        assert.include(literal.problems[0]?.reason, "never the secret itself")
        assert.notInclude(JSON.stringify([fleet, failed, literal]) + (yield* stderr), service.password)
      }),
    )
  })
})
