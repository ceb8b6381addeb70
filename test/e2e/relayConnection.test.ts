/** A connection to a relay with a real sshd and a real ssh, whose configurations differ from what a tunnel needs. */
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { relayConnection } from "../../src/cli/doctor/checks/relayConnection.ts"
import { openConnection } from "../../src/connect/tunnel/RelayConnection.ts"
import { openHost } from "../../src/discovery/ssh/HostConnection.ts"
import { SshProgram } from "../../src/machine/ssh/SshCommand.ts"
import { Settings } from "../../src/Settings.ts"
import { freePort } from "../support/loopback.ts"
import { withSsh } from "../support/requirements.ts"
import { SshRelay, start } from "../support/SshRelay.ts"

const open = (command: string, remotePort = 0) => openConnection({ command, localPort: 1, remotePort })

/** What `doctor` says about the relay. */
const diagnosis = (relayCommand: string) =>
  relayConnection.run.pipe(
    Effect.map(([found]) => found),
    Effect.provide(
      Settings.layerOf({
        relayDirectory: "/relay",
        relayCommand,
        credentials: { username: "opencode", password: Redacted.make("hunter2") },
      }),
    ),
  )

/** What a developer's configuration may say, for sessions in a terminal. */
const interactive = [
  "RequestTTY force",
  "RemoteCommand echo never",
  "SessionType none",
  "StdinNull yes",
  "ForkAfterAuthentication yes",
  "PermitLocalCommand yes",
  "LocalCommand echo never; sleep 60",
  "LogLevel QUIET",
  "VisualHostKey yes",
  "BatchMode no",
  "ControlMaster auto",
  "ControlPersist 60",
  "ForwardAgent yes",
  "GatewayPorts yes",
  "ExitOnForwardFailure yes",
  "UseKeychain yes",
  "IgnoreUnknown UseKeychain",
]

withSsh("a connection to a relay", () => {
  layer(SshRelay.layer())("whose sshd allows tunnels", (it) => {
    it.effect("ends on its 127.0.0.1", () =>
      Effect.gen(function* () {
        const { command, quietWrapper } = yield* SshRelay
        for (const each of [command, quietWrapper]) {
          assert.isTrue((yield* open(each)).isKnownToBePrivate)
          const found = yield* diagnosis(each)
          assert.strictEqual(found?.state, "ok", found?.message)
        }
      }),
    )

    it.effect("has a port that connect chooses if the command replaces ControlPath", () =>
      Effect.gen(function* () {
        const { configFile } = yield* SshRelay
        const wrapped = `env ssh -o ControlPath=none -F ${configFile} relay`
        assert.strictEqual((yield* Effect.flip(open(wrapped)))._tag, "NotShared")
        const port = yield* freePort
        assert.deepInclude(yield* open(wrapped, port), { port, isKnownToBePrivate: true })
        assert.strictEqual((yield* diagnosis(wrapped))?.state, "ok")
      }),
    )
  })

  layer(SshRelay.layer({ serverConfig: ["GatewayPorts yes"] }))("whose sshd opens tunnels to the network", (it) => {
    it.effect("is closed again, with the way out", () =>
      Effect.gen(function* () {
        const { command, configFile } = yield* SshRelay
        for (const [each, port] of [
          [command, 0],
          [`ssh -F ${configFile} relay`, yield* freePort],
        ] as const) {
          const error = yield* Effect.flip(Effect.scoped(open(each, port)))
          assert.strictEqual(error._tag, "TunnelExposed")
          for (const part of ["0.0.0.0", "GatewayPorts no", "clientspecified"]) assert.include(error.message, part)
        }
        const found = yield* diagnosis(command)
        assert.strictEqual(found?.state, "problem")
        assert.include(found?.message, "GatewayPorts no")
      }),
    )
  })

  layer(SshRelay.layer({ serverConfig: ["GatewayPorts clientspecified"] }))("whose sshd asks the client", (it) => {
    it.effect("ends on its 127.0.0.1", () =>
      Effect.gen(function* () {
        assert.isTrue((yield* open((yield* SshRelay).command)).isKnownToBePrivate)
      }),
    )
  })

  layer(SshRelay.layer())("with a user's own ssh configuration", (it) => {
    it.effect("works, twice, and leaves the user's forwardings to the user", () =>
      Effect.gen(function* () {
        const forwarded = yield* freePort
        const relay = yield* start({
          serverConfig: ["AllowTcpForwarding yes"],
          clientConfig: [
            ...interactive,
            `LocalForward 127.0.0.1:${forwarded} 127.0.0.1:1`,
            `RemoteForward 127.0.0.1:${yield* freePort} 127.0.0.1:1`,
            `DynamicForward 127.0.0.1:${yield* freePort}`,
          ],
        })
        const first = yield* open(relay.command)
        const second = yield* open(relay.command)
        assert.notStrictEqual(first.port, second.port)
        assert.match(yield* first.ask("ping"), /^pong/u)
        // The port of the LocalForward is free for the user's own session.
        yield* Effect.scoped(NodeSocketServer.make({ host: "127.0.0.1", port: forwarded }))
        assert.strictEqual((yield* diagnosis(relay.command))?.state, "ok")

        // The same for the transport `ssh`, twice.
        const program = { command: "ssh", options: ["-F", relay.configFile], configFile: relay.configFile }
        for (const name of ["one", "two"]) {
          const host = yield* openHost("relay", `${relay.home}/${name}`).pipe(
            Effect.provideService(SshProgram, program),
          )
          assert.isTrue((yield* host.scan).hostname !== "")
        }
        yield* Effect.scoped(NodeSocketServer.make({ host: "127.0.0.1", port: forwarded }))
      }),
    )
  })

  layer(SshRelay.layer())("that fails", (it) => {
    /** The reason, as `connect` and the transport `ssh` show it, and the advice of `doctor`. */
    const failure = Effect.fnUntraced(function* (relay: Effect.Success<ReturnType<typeof start>>) {
      const found = yield* diagnosis(relay.command)
      assert.strictEqual(found?.state, "problem")
      const program = { command: "ssh", options: ["-F", relay.configFile], configFile: relay.configFile }
      const host = yield* Effect.option(
        Effect.flip(
          Effect.scoped(openHost("relay", `${relay.home}/host`)).pipe(Effect.provideService(SshProgram, program)),
        ),
      )
      return {
        reason: found?.message.replace(/^.*does not reach the relay: /u, ""),
        advice: found?.advice ?? "",
        host: Option.getOrUndefined(Option.map(host, ({ reason }) => reason)),
      }
    })
    it.effect("says why the account is not available, and not its banner", () =>
      Effect.gen(function* () {
        const { home } = yield* SshRelay
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        yield* spawner.string(ChildProcess.make("sh", ["-c", `echo 'Access is denied to strangers' > ${home}/banner`]))
        const relay = yield* start({
          serverConfig: [`Banner ${home}/banner`],
          login: "echo 'This account is currently not available.'; exit 1",
        })
        const { advice, host, reason } = yield* failure(relay)
        assert.strictEqual(reason, "This account is currently not available. (the command ended with status 1)")
        assert.strictEqual(host, reason)
        assert.include(advice, "POSIX shell")

        const silent = yield* start({ serverConfig: [`Banner ${home}/banner`], login: "exit 1" })
        assert.strictEqual((yield* failure(silent)).reason, "the command ended with status 1")
      }),
    )

    it.effect.each([
      [{ serverConfig: ["AuthorizedKeysFile none"] }, /Permission denied \(publickey\)/u, "ssh-add"],
      [{ clientConfig: ["UserKnownHostsFile none"] }, /Host key verification failed/u, "unknown"],
      [{ clientConfig: ["HostName no-such-host.invalid"] }, /Could not resolve hostname/u, "spelling"],
      [{ clientConfig: ["Port 1"] }, /Connection refused/u, "No sshd listens"],
    ] as const)("%j: its reason and advice fit", ([options, reason, advice]) =>
      Effect.gen(function* () {
        const relay = yield* start(options)
        const found = yield* failure(relay)
        assert.match(found.reason ?? "", reason)
        assert.match(found.host ?? "", reason)
        assert.include(found.advice, advice)
      }),
    )

    it.effect("says that the relay does not open tunnels", () =>
      Effect.gen(function* () {
        const relay = yield* start({ serverConfig: ["AllowTcpForwarding no"] })
        const found = yield* diagnosis(relay.command)
        assert.strictEqual(found?.state, "problem")
        assert.include(found?.message, "forwarding")
        assert.include(found?.advice, "AllowTcpForwarding yes")
      }),
    )
  })
})
