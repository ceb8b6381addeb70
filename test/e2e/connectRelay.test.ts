/** `opencode-fleet connect` with a relay: the real opencode, a real sshd, and the MCP server there. */
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, FileSystem, Layer, Option, Path, type Scope } from "effect"
import { hostname } from "node:os"
import { RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { type Options, localRegistry, registered, registrations, startConnect } from "../support/connectProcess.ts"
import { relayIn } from "../support/Executable.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { makeWorkspace, type Workspace } from "../support/OpencodeWorkspace.ts"
import { descendants, signal } from "../support/processes.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { withSsh } from "../support/requirements.ts"
import { runCommand } from "../support/runCommand.ts"
import { SshRelay } from "../support/SshRelay.ts"

/** Of every opencode in this file. */
const password = "hunter2-Zk9"

type Services = Layer.Success<ReturnType<typeof RealOpencode.layer>>

/** The only instance in the MCP server's fleet on the relay, once it is online. */
const onlineAt = (client: McpClient) =>
  client.call(RefreshInstances).pipe(
    eventually(({ health_counts: counts }) => counts["online"] === 1),
    Effect.map(({ instances }) => instances[0]),
  )

const work = Effect.fnUntraced(function* (client: McpClient, said: string) {
  const { session } = yield* client.call(CreateSession, { title: "From afar" })
  const { outcome, text } = yield* client.call(SendMessage, { session_id: session.session_id, message: `say:${said}` })
  assert.deepStrictEqual({ outcome, text }, { outcome: "completed", text: said })
})

/** The machine with this workspace has joined the relay, and an MCP client is connected to the server there. */
const joinedFrom = Effect.fnUntraced(function* (workspace: Workspace, options: Options) {
  const relay = yield* SshRelay
  const connected = yield* startConnect(workspace, {
    password,
    ...options,
    variables: { RELAY_SSH_CMD: relay.command, ...options.variables },
  })
  const [registration] = yield* registered(relay.directory, 1)
  const client = yield* connect(yield* relayIn(relay.home, relay.directory), {
    variables: { OPENCODE_SERVER_PASSWORD: password },
  })
  return { relay, workspace, connected, registration, client }
})

/** A machine that starts an opencode of its own. */
const joined = Effect.fnUntraced(function* (options: Options = {}, project?: string) {
  return yield* joinedFrom(yield* makeWorkspace({ project }), options)
})

/** A machine with the opencode that all tests share, for tests of nothing but the tunnel. */
const sharing = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const { directory, url } = yield* RealOpencode
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "attached-" })
  // Its TMPDIR.
  yield* fs.makeDirectory(`${home}/tmp`)
  return { workspace: { home, directory }, args: ["--attach", url] }
})

const attached = Effect.fnUntraced(function* (variables: Options["variables"] = {}) {
  const { args, workspace } = yield* sharing
  return yield* joinedFrom(workspace, { args, variables })
})

/** The tunnel's state in the local registration. */
const tunnelOf = (workspace: Workspace) =>
  Effect.map(registrations(localRegistry(workspace)), ([registration]) => registration?.connect?.tunnel)

/** The registration on the relay once its port has changed. */
const moved = (directory: string, port: number | undefined) =>
  registrations(directory).pipe(
    Effect.orElseSucceed((): Effect.Success<ReturnType<typeof registrations>> => []),
    eventually(([now]) => now !== undefined && now.port !== port),
    Effect.map(([now]) => now),
  )

withSsh("connect with a relay", () => {
  layer(RealOpencode.layer({ password }), { excludeTestServices: true })((it) => {
    /** Each test has a relay of its own. */
    const test = (title: string, program: Effect.Effect<void, unknown, Services | SshRelay | Scope.Scope>) =>
      it.effect(title, () => Effect.provide(program, Layer.fresh(SshRelay.layer())))

    test(
      "is listed on the relay, works, reconnects after a cut, and is removed at the end",
      Effect.gen(function* () {
        const { client, connected, workspace, registration, relay } = yield* joined({}, "web-shop")
        const instance = yield* onlineAt(client)
        assert.match(instance?.name ?? "", /-web-shop$/u)
        assert.deepInclude(registration, { hostname: hostname(), cwd: workspace.directory })
        assert.notProperty(registration, "pid")
        yield* work(client, "hello from afar")

        yield* relay.killConnections
        yield* moved(relay.directory, registration?.port)
        yield* onlineAt(client)
        yield* work(client, "hello again")

        yield* connected.signal("SIGTERM")
        yield* connected.exitStatus
        assert.deepStrictEqual(yield* registrations(relay.directory), [])
        assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
      }),
    )

    test(
      "notices a half-open connection, and opens a new one beside it",
      Effect.gen(function* () {
        const { client, registration, relay } = yield* attached()
        yield* onlineAt(client)
        // The stale end keeps its port: it accepts connections, which then hang.
        yield* relay.freeze
        const now = yield* moved(relay.directory, registration?.port)
        assert.notStrictEqual(now?.port, registration?.port)
        yield* onlineAt(client)
        yield* work(client, "hello")
      }),
    )

    test(
      "survives a network that drops all packets",
      Effect.gen(function* () {
        const { proxy, throughProxy } = yield* SshRelay
        const { client, workspace, registration, relay } = yield* attached({ RELAY_SSH_CMD: throughProxy.command })
        yield* proxy.stall
        yield* tunnelOf(workspace).pipe(eventually((tunnel) => tunnel?.state === "waiting"))
        yield* proxy.resume
        yield* moved(relay.directory, registration?.port)
        yield* onlineAt(client)
      }),
    )

    test(
      "waits for a relay that is down, reports it, and joins when it is back",
      Effect.gen(function* () {
        const { workspace, registration, relay } = yield* attached()
        yield* relay.stop
        yield* tunnelOf(workspace).pipe(eventually((tunnel) => tunnel?.state === "waiting"))
        const doctor = yield* runCommand(yield* relayIn(workspace.home, localRegistry(workspace)), ["doctor"], {
          variables: { RELAY_SSH_CMD: relay.command },
        })
        assert.strictEqual(doctor.status, 1)
        assert.match(doctor.stdout, /connect of .* has had no tunnel to its relay/u)
        assert.match(doctor.stdout, /does not reach the relay: .*Connection refused/u)
        // The registration stays, because an unreachable machine may come back.
        assert.lengthOf(yield* registrations(relay.directory), 1)
        yield* relay.start
        yield* moved(relay.directory, registration?.port)
        yield* onlineAt(
          yield* connect(yield* relayIn(relay.home, relay.directory), {
            variables: { OPENCODE_SERVER_PASSWORD: password },
          }),
        )
        const connectedAgain = yield* tunnelOf(workspace).pipe(eventually((tunnel) => tunnel?.state === "connected"))
        assert.isNumber(connectedAgain?.port)
      }),
    )

    test(
      "chooses the port itself if a wrapper hides the relay's choice",
      Effect.gen(function* () {
        const { quietWrapper } = yield* SshRelay
        const { client } = yield* attached({ RELAY_SSH_CMD: quietWrapper })
        yield* onlineAt(client)
        yield* work(client, "hello")
      }),
    )

    test(
      "executes no part of a name or a directory on the relay, and never writes through a link there",
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const relay = yield* SshRelay
        const workspace = yield* makeWorkspace({})
        const cwd = path.join(workspace.directory, `it's "a" $(touch pwned) \`touch pwned\`;\nproject`)
        yield* fs.makeDirectory(cwd)
        const name = `my "box" $(touch pwned); it's \\ 100%s`
        const first = yield* startConnect(workspace, {
          cwd,
          password,
          variables: { INSTANCE_NAME: name, RELAY_SSH_CMD: relay.command },
        })
        const [registration] = yield* registered(relay.directory, 1)
        assert.strictEqual(registration?.name, name)
        const client = yield* connect(yield* relayIn(relay.home, relay.directory), {
          variables: { OPENCODE_SERVER_PASSWORD: password },
        })
        assert.strictEqual((yield* onlineAt(client))?.name, name)
        assert.isFalse(yield* fs.exists(path.join(relay.home, "pwned")))
        assert.strictEqual((yield* fs.stat(registration?.file ?? "")).mode & 0o777, 0o600)
        assert.strictEqual((yield* fs.stat(relay.directory)).mode & 0o777, 0o700)
        yield* first.signal("SIGTERM")
        yield* first.exitStatus

        const victim = path.join(relay.home, "victim")
        yield* fs.writeFileString(victim, "untouched")
        yield* fs.symlink(victim, registration?.file ?? "")
        yield* startConnect(workspace, {
          cwd,
          password,
          variables: { INSTANCE_NAME: name, RELAY_SSH_CMD: relay.command },
        })
        const tunnel = yield* tunnelOf(workspace).pipe(eventually((tunnel) => tunnel?.state === "waiting"))
        assert.include(tunnel?.reason, "not a regular file")
        assert.strictEqual(yield* fs.readFileString(victim), "untouched")
      }),
    )

    test(
      "is refused without a password, unless --no-password says otherwise",
      Effect.gen(function* () {
        const { command, directory } = yield* SshRelay
        const workspace = yield* makeWorkspace({})
        const begin = (...args: ReadonlyArray<string>) =>
          startConnect(workspace, { args: ["--headless", ...args], variables: { RELAY_SSH_CMD: command } })
        const refused = yield* begin()
        assert.deepStrictEqual(yield* refused.exitStatus, Option.some(1))
        assert.include(yield* refused.output, "not connected to a relay without a password")
        assert.include(yield* refused.output, "Set OPENCODE_SERVER_PASSWORD")
        assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
        const connected = yield* begin("--no-password")
        yield* registered(directory, 1)
        const doctor = yield* runCommand(yield* relayIn(workspace.home, localRegistry(workspace)), ["doctor"])
        assert.strictEqual(doctor.status, 1)
        assert.match(doctor.stdout, /is on a relay and answers without a password/u)
        yield* connected.signal("SIGTERM")
        yield* connected.exitStatus
      }),
    )

    test(
      "removes its registration even if a service manager ends all its processes at once",
      Effect.gen(function* () {
        const { connected, relay } = yield* joined()
        const all = yield* descendants(connected.pid)
        yield* signal([connected.pid, ...all.map(({ pid }) => pid)], "SIGTERM")
        yield* connected.exitStatus
        assert.deepStrictEqual(yield* registrations(relay.directory), [])
      }),
    )

    test(
      "leaves no tunnel behind in a shared ssh connection",
      Effect.gen(function* () {
        const { configFile, home } = yield* SshRelay
        const shared = `ssh -o ControlMaster=auto -o ControlPath=${home}/shared -o ControlPersist=60 -F ${configFile} relay`
        const { client, connected, registration } = yield* attached({ RELAY_SSH_CMD: shared })
        yield* onlineAt(client)
        yield* connected.signal("SIGTERM")
        yield* connected.exitStatus
        const left = yield* Effect.exit(
          Effect.scoped(NodeSocketServer.make({ host: "127.0.0.1", port: registration?.port ?? 0 })),
        )
        // The port is free again.
        assert.isTrue(Exit.isSuccess(left), String(left))
      }),
    )

    test(
      "ends, and logs it, although the relay no longer answers",
      Effect.gen(function* () {
        const { connected, workspace, relay } = yield* attached()
        const [local] = yield* registrations(localRegistry(workspace))
        yield* relay.freeze
        yield* connected.signal("SIGTERM")
        yield* connected.exitStatus
        const fs = yield* FileSystem.FileSystem
        assert.include(yield* fs.readFileString(local?.connect?.log ?? ""), "remains on the relay")
        assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
      }),
    )

    test(
      "restores its registration when another program removes it, and uses RELAY_REMOTE_DIR",
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const { home } = yield* SshRelay
        const relay = yield* SshRelay
        const { args, workspace } = yield* sharing
        const variables = { RELAY_SSH_CMD: relay.command, RELAY_REMOTE_DIR: "~/my relay" }
        yield* startConnect(workspace, { args, password, variables })
        const [registration] = yield* registered(`${home}/my relay`, 1)
        yield* fs.remove(registration?.file ?? "")
        const [again] = yield* registered(`${home}/my relay`, 1)
        assert.deepStrictEqual(again, registration)
      }),
    )

    test(
      "never exposes the password",
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const { command } = yield* SshRelay
        const { client, connected, workspace, relay } = yield* joined({
          variables: { RELAY_SSH_CMD: `SSHPASS=${password} ${command}` },
        })
        yield* onlineAt(client)
        yield* work(client, "hello")
        const processes = yield* fs.readDirectory("/proc").pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
        for (const pid of processes.filter((name) => /^\d+$/u.test(name))) {
          const line = yield* fs.readFileString(`/proc/${pid}/cmdline`).pipe(Effect.orElseSucceed(() => ""))
          assert.notInclude(line, password)
        }
        const [local] = yield* registrations(localRegistry(workspace))
        const log = yield* fs.readFileString(local?.connect?.log ?? "")
        assert.include(log, "connected")
        for (const text of [
          log,
          yield* connected.output,
          yield* relay.log,
          JSON.stringify([local, yield* registrations(relay.directory)]),
        ]) {
          assert.notInclude(text, password)
        }
        yield* connected.signal("SIGINT")
        assert.deepStrictEqual(yield* connected.exitStatus, Option.some(130))
      }),
    )
  })
})
