/** Verifies with the real ssh what the tests of `connect` assume about their relay. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, FileSystem, Path, Ref, Stream } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { webServer } from "../support/loopback.ts"
import { eventually } from "../support/eventually.ts"
import { startedWith } from "../support/processes.ts"
import { withSsh } from "../support/requirements.ts"
import { SshRelay, start, type Way } from "../support/SshRelay.ts"
import { within } from "../support/patience.ts"

type Argv = Way["argv"]

/** Runs a command there, and returns its output. */
const run = Effect.fnUntraced(function* ([ssh, ...args]: Argv, command: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  return yield* spawner.string(ChildProcess.make(ssh, [...args, command]), { includeStderr: true })
})

/** A client with a tunnel to the port of this machine. Closing the scope ends it. */
const openTunnel = Effect.fnUntraced(function* ([ssh, ...args]: Argv, port: number, command = "sleep 77") {
  const allocated = yield* Deferred.make<number>()
  const stderr = yield* Ref.make("")
  const handle = yield* ChildProcess.make(ssh, [...args, "-R", `127.0.0.1:0:127.0.0.1:${port}`, `echo up; ${command}`])
  const up = yield* Deferred.make<void>()
  yield* handle.stdout.pipe(
    Stream.runForEach(() => Deferred.succeed(up, undefined)),
    Effect.forkScoped,
  )
  yield* handle.stderr.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.runForEach((line) => {
      const [, port] = /^Allocated port (\d+) /u.exec(line) ?? []
      return Effect.andThen(
        Ref.update(stderr, (before) => before + line),
        port === undefined ? Effect.void : Deferred.succeed(allocated, Number(port)),
      )
    }),
    Effect.forkScoped,
  )
  yield* within("the line that the tunnel is up")(Deferred.await(up))
  return {
    /** The port on the relay. */
    port: within("the port that the relay allocates")(Deferred.await(allocated)),
    stderr: Ref.get(stderr),
    status: within("the end of ssh")(handle.exitCode),
  }
})

const ask = (port: number) =>
  HttpClient.get(`http://127.0.0.1:${port}/`).pipe(
    Effect.flatMap((response) => response.text),
    Effect.provide(FetchHttpClient.layer),
  )

const assertAnswers = Effect.fnUntraced(function* (port: number) {
  assert.include(yield* within("an answer through the tunnel")(ask(port)), "Not opencode")
})

/** The connection is accepted, and nothing is answered. */
const assertHangs = Effect.fnUntraced(function* (port: number) {
  assert.strictEqual((yield* Effect.flip(Effect.timeout(ask(port), "1 second")))._tag, "TimeoutError")
})

withSsh("a relay with a real sshd", () => {
  layer(SshRelay.layer(), { excludeTestServices: true })("shared", (it) => {
    it.effect("runs commands in its own home, without the developer's configuration", () =>
      Effect.gen(function* () {
        const { argv, directory, home } = yield* SshRelay
        const path = yield* Path.Path
        assert.strictEqual(yield* run(argv, `printf '%s' "$HOME:$PWD:\${XDG_DATA_HOME-none}"`), `${home}:${home}:none`)
        yield* run(argv, `mkdir -p .local/share/opencode-relay && touch .local/share/opencode-relay/mine`)
        const fs = yield* FileSystem.FileSystem
        assert.isTrue(yield* fs.exists(path.join(directory, "mine")))
      }),
    )

    it.effect("starts a shell without a command, and passes on a command's exit status", () =>
      Effect.gen(function* () {
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        const relay = yield* SshRelay
        const [ssh, ...args] = relay.argv
        const stdin = Stream.encodeText(Stream.make("echo $HOME; exit 7\n"))
        const shell = yield* ChildProcess.make(ssh, args, { stdin })
        assert.strictEqual(yield* Stream.mkString(Stream.decodeText(shell.stdout)), `${relay.home}\n`)
        assert.strictEqual(yield* shell.exitCode, 7)
        assert.strictEqual(yield* spawner.exitCode(ChildProcess.make(ssh, [...args, "exit 8"])), 8)
      }),
    )

    it.effect("allocates a port, and requests to it arrive at this machine", () =>
      Effect.gen(function* () {
        const { argv } = yield* SshRelay
        const tunnel = yield* openTunnel(argv, yield* webServer)
        yield* assertAnswers(yield* tunnel.port)
      }),
    )

    it.effect("freezes only its connections, until they thaw", () =>
      Effect.gen(function* () {
        const relay = yield* SshRelay
        const server = yield* webServer
        const port = yield* (yield* openTunnel(relay.argv, server)).port
        yield* relay.freeze
        yield* assertHangs(port)
        yield* assertAnswers(yield* (yield* openTunnel(relay.argv, server)).port)
        yield* relay.thaw
        yield* assertAnswers(port)
      }),
    )

    it.effect("kills its connections: the client ends, the remote command does not, and a new client can connect", () =>
      Effect.gen(function* () {
        const relay = yield* SshRelay
        const server = yield* webServer
        const tunnel = yield* openTunnel(relay.argv, server, `echo $$ > pid; exec sleep 78`)
        const port = yield* tunnel.port
        yield* relay.killConnections
        assert.strictEqual(yield* tunnel.status, 255)
        assert.strictEqual((yield* Effect.flip(ask(port)))._tag, "HttpClientError")
        const command = Number(yield* run(relay.argv, "cat pid"))
        assert.include(yield* startedWith("HOME", relay.home), command)
      }),
    )

    it.effect("goes down with all of its processes, and comes back on the same port", () =>
      Effect.gen(function* () {
        const relay = yield* SshRelay
        const tunnel = yield* openTunnel(relay.argv, yield* webServer)
        yield* relay.stop
        assert.strictEqual(yield* tunnel.status, 255)
        assert.include(yield* run(relay.argv, "echo up"), "Connection refused")
        yield* relay.start
        assert.strictEqual(yield* run(relay.argv, "echo up"), "up\n")
      }),
    )

    it.effect("is reached through a network that stops passing data, and later passes it again", () =>
      Effect.gen(function* () {
        const { proxy, throughProxy } = yield* SshRelay
        const port = yield* (yield* openTunnel(throughProxy.argv, yield* webServer)).port
        yield* proxy.stall
        yield* assertHangs(port)
        yield* proxy.resume
        yield* assertAnswers(port)
      }),
    )

    it.effect("has a wrapper that hides the allocated port and passes on its arguments", () =>
      Effect.gen(function* () {
        const relay = yield* SshRelay
        assert.strictEqual(yield* run([relay.quietWrapper], `printf '%s|' "a b" "$HOME"`), `a b|${relay.home}|`)
        const tunnel = yield* openTunnel([relay.quietWrapper], yield* webServer)
        assert.strictEqual(yield* tunnel.stderr, "")
        assert.include(yield* relay.log, "Accepted publickey")
      }),
    )
  })

  layer(SshRelay.layer({ multiplexed: true, clientConfig: ["LogLevel ERROR"] }), {
    excludeTestServices: true,
  })("with one connection for all", (it) => {
    it.effect("opens one, which the second client uses, too", () =>
      Effect.gen(function* () {
        const relay = yield* SshRelay
        const accepted = Effect.map(relay.log, (log) => log.split("Accepted publickey").length - 1)
        assert.strictEqual(yield* run(relay.argv, "echo $HOME"), `${relay.home}\n`)
        assert.strictEqual(yield* run(relay.argv, "echo $HOME"), `${relay.home}\n`)
        assert.strictEqual(yield* accepted.pipe(eventually((n) => n > 0)), 1)
      }),
    )

    it.effect("leaves neither processes nor files behind, even if frozen", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const server = yield* webServer
        const home = yield* Effect.scoped(
          Effect.gen(function* () {
            const relay = yield* start()
            yield* openTunnel(relay.argv, server, "(setsid sleep 79 &) ; sleep 79")
            yield* relay.freeze
            assert.isNotEmpty(yield* startedWith("HOME", relay.home))
            return relay.home
          }),
        )
        assert.isEmpty(yield* startedWith("HOME", home))
        assert.isFalse(yield* fs.exists(home))
      }),
    )
  })
})
