/** `opencode-fleet connect` with the background service of opencode 2: the real one, a real sshd, and the MCP server there. */
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, Redacted, type Scope } from "effect"
import { basicAuthorization } from "../../src/connect/proxy/checkAuthorization.ts"
import { createServer } from "node:net"
import { dirname } from "node:path"
import { RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import {
  connectCommand,
  localRegistry,
  type Options,
  registered,
  registrations,
  startConnect,
} from "../support/connectProcess.ts"
import { relayIn } from "../support/Executable.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { opencode2Binary } from "../support/opencode2Binary.ts"
import * as facts from "../support/opencode2Facts.ts"
import { listen } from "../support/loopback.ts"
import { signal } from "../support/processes.ts"
import { openTerminal } from "../support/PseudoTerminal.ts"
import { makeService, type Service, startService } from "../support/RealService.ts"
import { makeWorkspace } from "../support/OpencodeWorkspace.ts"
import { withOpencode2, withSsh, withTmux } from "../support/requirements.ts"
import { runCommand } from "../support/runCommand.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import { SshRelay } from "../support/SshRelay.ts"

const services = Layer.mergeAll(ScriptedModel.layer, NodeServices.layer, SshRelay.layer())

const password = "fleet-Zk9-hunter2"

const path = `${dirname(opencode2Binary)}:${process.env["PATH"]}`

const start = (service: Service, { variables, ...options }: Options = {}) =>
  startConnect(service, { ...options, variables: { PATH: path, ...variables } })

/** The state of the only instance in the MCP server's fleet on the relay, once it is this one. */
const health = (client: McpClient, expected: string) =>
  client.call(RefreshInstances).pipe(
    eventually(({ instances }) => instances.length === 1 && instances[0]?.health === expected),
    Effect.map(({ instances }) => instances[0]),
  )

const work = Effect.fnUntraced(function* (client: McpClient, service: Service, said: string) {
  const session = yield* facts.createSession(service, said)
  const { outcome, text } = yield* client.call(SendMessage, { session_id: session.id, message: `say:${said}` })
  assert.deepStrictEqual({ outcome, text }, { outcome: "completed", text: said })
})

/** What the tunnel's end on the relay answers. */
const ask = (port: number | undefined, secret: string, route = "/api/info") =>
  Effect.promise(async (signal) => {
    const authorization = basicAuthorization({ username: "opencode", password: Redacted.make(secret) })
    const response = await fetch(`http://127.0.0.1:${port}${route}`, { headers: { authorization }, signal })
    return { status: response.status, body: await response.text() }
  })

/** Everything in the directory, as text. */
const contentOf = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* fs.readDirectory(directory, { recursive: true })
  const texts = yield* Effect.forEach(names, (name) =>
    fs.readFileString(`${directory}/${name}`).pipe(Effect.orElseSucceed(() => "")),
  )
  return [...names, ...texts].join("\n")
})

/** The footer of the terminal UI when it is ready. */
const ready = /ctrl\+p commands/u

const database = ({ home }: Service) => `${home}/.local/share/opencode/opencode.db`

/** A program that records what it receives. */
const recorder = Effect.gen(function* () {
  const bytes: Array<string> = []
  const server = createServer((socket) => socket.on("data", (chunk) => bytes.push(String(chunk))))
  const port = yield* Effect.acquireRelease(listen(server), () => Effect.sync(() => server.close()))
  return { bytes, port }
})

const doctor = Effect.fnUntraced(function* (service: Service) {
  const relay = yield* relayIn(service.home, localRegistry(service))
  return (yield* runCommand(relay, ["doctor"], { variables: { PATH: path } })).stdout
})

const test = (title: string, program: Effect.Effect<void, unknown, Layer.Success<typeof services> | Scope.Scope>) =>
  it.live(title, () => program.pipe(Effect.scoped, Effect.provide(Layer.fresh(services))), 150_000)

withOpencode2("connect with opencode 2", () => {
  withSsh("and a relay", () => {
    test(
      "starts the service, keeps it on the relay through restarts and absences, and leaves it running at the end",
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const relay = yield* SshRelay
        const service = yield* makeService()
        const variables = { RELAY_SSH_CMD: relay.command }
        const connected = yield* start(service, { password, variables })
        const [registration] = yield* registered(relay.directory, 1)
        assert.deepInclude(registration, { api: 2 })
        assert.notProperty(registration, "pid")
        const tunnel = registration?.port
        const client = yield* connect(yield* relayIn(relay.home, relay.directory), {
          variables: { OPENCODE_SERVER_PASSWORD: password },
        })
        yield* health(client, "online")
        yield* work(client, service, "hello from afar")

        const first = yield* service.registered
        assert.strictEqual((yield* ask(tunnel, password)).status, 200)
        assert.strictEqual((yield* ask(tunnel, "wrong")).status, 401)
        assert.strictEqual((yield* ask(tunnel, service.password)).status, 401)
        assert.strictEqual((yield* ask(tunnel, service.password, "/")).status, 401)

        yield* service.restart
        yield* health(client, "online")
        yield* work(client, service, "hello again")

        yield* service.stop
        const away = yield* ask(tunnel, password)
        assert.deepStrictEqual(
          { status: away.status, body: JSON.parse(away.body).message },
          {
            status: 503,
            body: "opencode's service is not running",
          },
        )
        yield* service.start()
        const last = yield* service.registered
        assert.notStrictEqual(last.pid, first.pid)
        yield* health(client, "online")

        const status = yield* runCommand(yield* relayIn(service.home, localRegistry(service)), ["connect", "--status"])
        assert.match(status.stdout, /relay: ssh … relay, connected since/u)
        yield* connected.signal("SIGTERM")
        assert.deepStrictEqual(yield* connected.exitStatus, Option.some(0))
        assert.deepStrictEqual(yield* registrations(relay.directory), [])
        assert.deepStrictEqual(yield* registrations(localRegistry(service)), [])
        assert.deepStrictEqual(yield* service.registered, last)
        assert.isTrue(yield* fs.exists(`/proc/${last.pid}`))

        const logs = yield* contentOf(`${service.home}/.local/state/opencode-fleet`)
        assert.include(logs, "connected")
        for (const text of [yield* contentOf(relay.home), yield* relay.log, logs, yield* connected.output]) {
          assert.notInclude(text, service.password)
          assert.notInclude(text, password)
        }
      }),
    )

    test(
      "keeps one tunnel for all terminals: the next takes over when the first ends",
      Effect.gen(function* () {
        const relay = yield* SshRelay
        const service = yield* startService()
        const options = { args: ["--attach", service.url], password, variables: { RELAY_SSH_CMD: relay.command } }
        const first = yield* start(service, options)
        const [registration] = yield* registered(relay.directory, 1)
        const second = yield* start(service, options)
        yield* second.output.pipe(eventually((text) => text.includes("waiting")))
        assert.lengthOf(yield* registrations(relay.directory), 1)
        yield* first.signal("SIGINT")
        assert.deepStrictEqual(yield* first.exitStatus, Option.some(0))
        const [now] = yield* registered(relay.directory, 1)
        assert.notStrictEqual(now?.port, registration?.port)
        assert.strictEqual((yield* ask(now?.port, password)).status, 200)
      }),
    )

    test(
      "makes one fleet of machines of both versions, with one password",
      Effect.gen(function* () {
        const relay = yield* SshRelay
        const options = { password, variables: { RELAY_SSH_CMD: relay.command } }
        const service = yield* startService()
        yield* start(service, options)
        const older = yield* makeWorkspace({ project: "web-shop" })
        yield* startConnect(older, options)
        const client = yield* connect(yield* relayIn(relay.home, relay.directory), {
          variables: { OPENCODE_SERVER_PASSWORD: password },
        })
        const { instances } = yield* client
          .call(RefreshInstances)
          .pipe(eventually(({ health_counts: counts }) => counts["online"] === 2))
        assert.sameMembers(
          instances.map(({ api }) => api),
          [1, 2],
        )
        for (const { api, name } of instances) {
          const { directory } = api === 2 ? service : older
          const { session } = yield* client.call(CreateSession, { instance: name, directory, title: "From afar" })
          const message = { instance: name, session_id: session.session_id, message: `say:opencode ${api}` }
          const { outcome, text } = yield* client.call(SendMessage, message)
          assert.deepStrictEqual({ outcome, text }, { outcome: "completed", text: `opencode ${api}` })
        }
      }),
    )
  })

  withTmux("in a terminal", () => {
    test(
      "opens the terminal UI as it is, and never ends a service, even if the terminal UI has started it",
      Effect.gen(function* () {
        const service = yield* makeService()
        const variables = { PATH: path, OPENCODE_SERVER_PASSWORD: password }
        const terminal = yield* openTerminal(connectCommand(service, { args: [], variables }))
        yield* terminal.screenUntil(ready, "60 seconds")
        const started = yield* service.registered
        const environment = yield* (yield* FileSystem.FileSystem).readFileString(`/proc/${started.pid}/environ`)
        assert.notInclude(environment, password)
        // The terminal UI starts the service again, as its own child.
        yield* service.kill
        const child = yield* service.registered.pipe(eventually(({ pid }) => pid !== started.pid))
        yield* signal([yield* terminal.pid], "SIGTERM")
        yield* terminal.exitStatus
        assert.deepStrictEqual(yield* service.registered, child)
        assert.strictEqual((yield* ask(service.port, service.password)).status, 200)
        assert.deepStrictEqual(yield* registrations(localRegistry(service)), [])
      }),
    )
  })

  test(
    "says why it does not start: a foreign program at a stale registration, a service that failed, a relay without a password",
    Effect.gen(function* () {
      const service = yield* startService()
      const output = Effect.fnUntraced(function* (options: Options = {}) {
        const { exitStatus, output } = yield* start(service, options)
        assert.deepStrictEqual(yield* exitStatus, Option.some(1))
        return yield* output
      })
      assert.include(yield* output({ variables: { RELAY_SSH_CMD: "false" } }), "Set OPENCODE_SERVER_PASSWORD")

      const fs = yield* FileSystem.FileSystem
      const registered = yield* service.registered
      yield* service.kill
      const received = yield* recorder
      const stale = { ...registered, url: `http://127.0.0.1:${received.port}` }
      yield* fs.writeFileString(service.file, JSON.stringify(stale))
      assert.include(yield* output(), "another program listens on its port")
      assert.include(yield* doctor(service), "End that program before you start opencode")
      assert.deepStrictEqual(received.bytes, [])
      yield* fs.remove(service.file)

      for (const suffix of ["-shm", "-wal"]) yield* fs.remove(`${database(service)}${suffix}`, { force: true })
      yield* fs.writeFileString(database(service), "this is no database".repeat(1000))
      assert.include(yield* output(), "failed to start")
      assert.include(yield* output(), "does not work")
      const diagnosis = yield* doctor(service)
      assert.match(diagnosis, /problem {2}service: .*could not start: .*opencode service restart/u)
      assert.notInclude(diagnosis, service.password)
    }),
  )
})
