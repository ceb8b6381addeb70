/**
 * `TRANSPORT=local-ports` alone: unregistered opencodes. Other opencodes and other fleets may be running on this machine, so
 * each test looks only at its own.
 */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, Fiber, Layer } from "effect"
import { createServer } from "node:http"
import { hostname } from "node:os"
import { opencodeChallenge } from "../../src/opencode/http/clientErrors.ts"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay, type Variables } from "../support/Executable.ts"
import { listening } from "../support/loopback.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { start } from "../support/RealOpencode.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import { midTurn } from "../support/throughProxy.ts"

const password = "hunter2-Zk9"

/** Refreshes once an hour, so that only changes of the ports trigger a scan. */
const connectTo = Effect.fnUntraced(function* (variables: Variables = {}) {
  const relay = yield* makeRelay({ exists: false })
  return yield* connect(relay, {
    variables: { TRANSPORT: "local-ports", DISCOVERY_INTERVAL_MS: "3600000", ...variables },
  })
})

const instanceAt = (client: McpClient, { directory, url }: { readonly url: string; readonly directory?: string }) =>
  Effect.map(client.call(ListInstances), ({ instances }) =>
    instances.find((instance) => instance.url === url || (directory !== undefined && instance.directory === directory)),
  )

/** Answers every request with 401 and this `www-authenticate` header, and records it. */
const recordingServer = Effect.fnUntraced(function* (challenge: string, at?: number) {
  const requests: Array<{ readonly line: string; readonly authorization: string | undefined }> = []
  const server = createServer(({ headers, method, url }, response) => {
    requests.push({ line: `${method} ${url}`, authorization: headers.authorization })
    response.writeHead(401, { "www-authenticate": challenge }).end()
  })
  const port = yield* listening(server, at)
  return { requests, url: `http://127.0.0.1:${port}` }
})

const services = Layer.provideMerge(ScriptedModel.layer, NodeServices.layer)

layer(services, { excludeTestServices: true })("local-ports", (it) => {
  it.effect("lists an opencode within seconds of its start, and removes it when it has ended", () =>
    Effect.gen(function* () {
      const client = yield* connectTo()
      const opencode = yield* start()
      const found = yield* instanceAt(client, opencode).pipe(eventually((one) => one?.health === "online"))
      assert.strictEqual(found?.directory, opencode.directory)
      assert.strictEqual(found?.host, hostname())
      assert.deepStrictEqual(found?.transports, ["local-ports"])
      const { session } = yield* client.call(CreateSession, { instance: found?.name, title: "Found" })
      assert.strictEqual(session.title, "Found")
      yield* opencode.stop
      yield* instanceAt(client, opencode).pipe(eventually((one) => one === undefined))
    }),
  )

  it.effect("reaches one that requires a password, and says so if none is set", () =>
    Effect.gen(function* () {
      const opencode = yield* start({ password })
      const client = yield* connectTo({ OPENCODE_SERVER_PASSWORD: password })
      const found = yield* instanceAt(client, opencode)
      assert.strictEqual(found?.health, "online")
      assert.strictEqual(found?.directory, opencode.directory)
      const instance = found?.name
      const { session } = yield* client.call(CreateSession, { instance, title: "Locked" })
      const answer = yield* client.call(SendMessage, { instance, session_id: session.session_id, message: "say:hello" })
      assert.deepInclude(answer, { outcome: "completed", text: "hello" })
      const without = yield* connectTo()
      const locked = yield* instanceAt(without, opencode)
      assert.strictEqual(locked?.health, "unauthorized")
      // The server does not report its directory, but its process has one.
      assert.strictEqual(locked?.directory, opencode.directory)
      assert.include(locked?.reason, "OPENCODE_SERVER_PASSWORD")
    }),
  )

  it.effect("sends nothing to a program that has taken the port of an opencode that ended", () =>
    Effect.gen(function* () {
      const opencode = yield* start({ password })
      const client = yield* connectTo({ OPENCODE_SERVER_PASSWORD: password })
      const instance = (yield* instanceAt(client, opencode))?.name
      yield* client.call(ListSessions, { instance })
      yield* opencode.kill
      const { requests } = yield* recordingServer(opencodeChallenge, opencode.port)
      yield* Effect.flip(client.call(ListSessions, { instance }))
      // It was probed again by then, without the password.
      for (const { authorization } of requests) assert.isUndefined(authorization)
    }),
  )

  it.effect("follows a turn across a restart of its opencode: interrupted, with what was written so far", () =>
    Effect.gen(function* () {
      const opencode = yield* start({ password })
      const client = yield* connectTo({ OPENCODE_SERVER_PASSWORD: password })
      const where = { instance: (yield* instanceAt(client, opencode))?.name ?? "" }
      const { session } = yield* client.call(CreateSession, { ...where, title: "Restart" })
      const turn = yield* midTurn(client, session.session_id, "slow: 600", where)
      yield* opencode.restart
      const { outcome, text } = yield* Fiber.join(turn)
      assert.strictEqual(outcome, "interrupted")
      assert.match(text, /^tick 1 /u)
    }),
  )

  it.effect("sends another server one small request without the password, and then leaves it alone", () =>
    Effect.gen(function* () {
      const { requests, url } = yield* recordingServer('Basic realm="Somewhere else"')
      const client = yield* connectTo({ OPENCODE_SERVER_PASSWORD: password })
      assert.isUndefined(yield* instanceAt(client, { url }))
      const first = requests.length
      assert.isAtLeast(first, 1)
      for (let count = 0; count < 5; count++) yield* client.call(RefreshInstances)
      // A fleet of another test may have probed it meanwhile.
      assert.isAtMost(requests.length - first, 1)
      for (const { authorization, line } of requests) {
        assert.strictEqual(line, "GET /global/health")
        assert.isUndefined(authorization)
      }
    }),
  )

  it.effect("never sends the password to a program that imitates opencode, and says what to do", () =>
    Effect.gen(function* () {
      const { requests, url } = yield* recordingServer(opencodeChallenge)
      const client = yield* connectTo({ OPENCODE_SERVER_PASSWORD: password })
      const found = yield* instanceAt(client, { url })
      assert.strictEqual(found?.health, "unauthorized")
      assert.include(found?.reason, `connect --attach ${url}`)
      yield* Effect.flip(client.call(CreateSession, { instance: found?.name }))
      assert.isAtLeast(requests.length, 3)
      for (const { authorization } of requests) assert.isUndefined(authorization)
    }),
  )
})
