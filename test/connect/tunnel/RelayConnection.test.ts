/** A connection through a user's command: a real shell script that behaves like ssh. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Random, Scope } from "effect"
import { openConnection } from "../../../src/connect/tunnel/RelayConnection.ts"
import { SshProgram } from "../../../src/machine/ssh/SshCommand.ts"
import { startedWith } from "../../support/processes.ts"

/** Stores its arguments, answers a request for a tunnel, and runs the remote command on this machine. */
const asSsh = String.raw`
case " $* " in *" -O "*) printf '%s\n' "$@" > "$HOME/request"; echo 40123; exit ;; esac
printf '%s\n' "$@" > "$HOME/arguments"
for command; do :; done
eval "$command"
`

/** The same, but continues when the remote command has ended. */
const inSubshell = asSsh.replace('eval "$command"', '(eval "$command")')

/** A home with an `ssh` executable, and the command that starts it. */
const makeSsh = Effect.fnUntraced(function* (script: string = asSsh) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "fake ssh " }), fs.realPath)
  yield* fs.makeDirectory(`${home}/my bin`)
  yield* fs.writeFileString(`${home}/my bin/ssh`, `#!/bin/sh\n${script}`, { mode: 0o755 })
  yield* fs.writeFileString(`${home}/as-home`, `#!/bin/sh\nHOME='${home}' exec '${home}/my bin/ssh' "$@"\n`, {
    mode: 0o755,
  })
  const id = (yield* Random.nextInt).toString(36)
  return {
    home,
    // `exec`, because dash would stay as the parent, and without an init the end of an orphan is noticed late.
    /** The same without the arguments of a user's command. */
    program: { command: `${home}/as-home`, options: [], configFile: undefined },
    request: Effect.map(fs.readFileString(`${home}/request`), (text) => text.trim().split("\n")),
    command: `exec env FLEET_TEST=${id} HOME='${home}' '${home}/my bin/ssh' -v me@relay`,
    directory: `${home}/relay`,
    arguments: Effect.map(fs.readFileString(`${home}/arguments`), (text) => text.trim().split("\n")),
    /** The processes that it has started and that are still running. */
    processes: startedWith("FLEET_TEST", id),
  }
})

type Ssh = Effect.Success<ReturnType<typeof makeSsh>>

const open = ({ command, program }: Pick<Ssh, "command"> & Partial<Ssh>, remotePort = 0) => {
  const opening = openConnection({ command, localPort: 4096, remotePort })
  return program === undefined ? opening : Effect.provideService(opening, SshProgram, program)
}

const reasonOf = (script: string) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(open(yield* makeSsh(script)))
    assert.strictEqual(error._tag, "ConnectionLost")
    return error.message
  })

layer(NodeServices.layer, { excludeTestServices: true })("A connection", (it) => {
  it.effect("knows its port, keeps a registration, and leaves no process behind", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const ssh = yield* makeSsh()
      yield* Effect.gen(function* () {
        const { ask, port } = yield* open(ssh)
        assert.strictEqual(port, 40_123)
        const json = '{"name":"it\'s $(touch pwned) \\\\ 日本語"}'
        assert.strictEqual(yield* ask("put", ssh.directory, "a.json", "1", "/", json), `put ${ssh.directory}/a.json`)
        assert.strictEqual(yield* fs.readFileString(`${ssh.directory}/a.json`), `${json}\n`)
        // Concurrent requests each get their own answer.
        const answers = yield* Effect.all(
          [ask("put", ssh.directory, "b.json", "1", "/", "{}"), ask("ping"), ask("bye")],
          {
            concurrency: "unbounded",
          },
        )
        assert.match(answers.join(), /^put .*\/b\.json,pong (000|none),bye$/u)
        assert.deepStrictEqual(yield* fs.readDirectory(ssh.directory), ["a.json"])
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* ssh.processes, [])

      yield* Effect.scoped(open(ssh))
      assert.deepStrictEqual(yield* ssh.processes, [])
    }),
  )

  it.effect("passes ssh the user's arguments first, and requests a tunnel that ends with its forward", () =>
    Effect.gen(function* () {
      const ssh = yield* makeSsh()
      yield* Effect.scoped(open(ssh))
      const given = yield* ssh.arguments
      assert.deepStrictEqual(given.slice(0, 3), ["-v", "me@relay", "-T"])
      assert.strictEqual(given.at(-1), "exec sh")
      for (const option of ["BatchMode=yes", "ClearAllForwardings=yes", "ControlMaster=yes", "RemoteCommand=none"]) {
        assert.include(given, option)
      }
      const request = yield* ssh.request
      assert.include(request.join(" "), "-O forward -R 127.0.0.1:0:127.0.0.1:4096")
      assert.include(given, `ControlPath=${request[request.indexOf("-S") + 1]}`)
    }),
  )

  it.effect("runs the command in a shell, as typed", () =>
    Effect.gen(function* () {
      const ssh = yield* makeSsh()
      const command = `HOME='${ssh.home}'; WHO="it's me"; export HOME; exec ~/"my bin"/ssh "$WHO"@relay -o 'Proxy Command'`
      assert.strictEqual((yield* open({ ...ssh, command })).port, 40_123)
      assert.deepStrictEqual((yield* ssh.arguments).slice(0, 4), ["it's me@relay", "-o", "Proxy Command", "-T"])
    }),
  )

  it.effect("that requests a port asks for it on its command line", () =>
    Effect.gen(function* () {
      const ssh = yield* makeSsh()
      assert.strictEqual((yield* open(ssh, 23_456)).port, 23_456)
      const given = yield* ssh.arguments
      assert.deepStrictEqual(given.slice(-3), ["-R", "127.0.0.1:23456:127.0.0.1:4096", "exec sh"])
      assert.include(given, "ExitOnForwardFailure=yes")
    }),
  )

  it.effect("ignores what a login prints, on either pipe", () =>
    Effect.gen(function* () {
      const ssh = yield* makeSsh(
        `case " $* " in *" -O "*) echo 40123; exit ;; esac; echo 'fleet- hello'; printf '\\033]0;title\\007no end of line'; head -c 200000 /dev/zero | tr '\\0' x >&2; echo >&2; ${asSsh}`,
      )
      const { ask, port } = yield* open(ssh)
      assert.strictEqual(port, 40_123)
      assert.match(yield* ask("put", ssh.directory, "a.json", "1", "/", "{}"), /^put /u)
    }),
  )

  it.effect("reports its end, and answers nothing afterwards", () =>
    Effect.gen(function* () {
      const ssh = yield* makeSsh(`${inSubshell}echo 'Connection to relay closed.' >&2; exit 255\n`)
      const { ask, ended } = yield* open(ssh)
      const end = yield* Effect.forkChild(Effect.flip(ended), { startImmediately: true })
      assert.isUndefined(end.pollUnsafe())
      yield* ask("bye")
      const { reason } = yield* Fiber.join(end)
      assert.strictEqual(reason, "Connection to relay closed. (the command ended with status 255)")
      assert.strictEqual((yield* Effect.flip(ask("ping"))).message, reason)
    }),
  )

  it.effect("that ignores signals is killed at the end of the scope", () =>
    Effect.gen(function* () {
      const ssh = yield* makeSsh(`trap '' TERM HUP INT; ${inSubshell} while :; do sleep 1; done`)
      const scope = yield* Scope.make()
      yield* Scope.provide(open(ssh), scope)
      assert.isNotEmpty(yield* ssh.processes)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      assert.deepStrictEqual(yield* ssh.processes, [])
    }),
  )
})

layer(NodeServices.layer, { excludeTestServices: true })("The reason of a connection that fails", (it) => {
  it.effect("quotes the last line that ssh printed, and those that explain it", () =>
    Effect.gen(function* () {
      const script =
        "for word in 'Load key x: error' Welcome 'Connection closed' '\\033[31mfive\\r' six; do printf \"$word\\n\" >&2; done; exit 255"
      assert.strictEqual(
        yield* reasonOf(script),
        "Load key x: error; Connection closed; six (the command ended with status 255)",
      )
    }),
  )

  it.effect("is the other machine's last words, also those on stdout, and no banner", () =>
    Effect.gen(function* () {
      const banner = "echo 'All access is logged' >&2; echo 'Unauthorised use is denied' >&2"
      const login = `echo 'Authenticated to relay ([10.0.0.1]:22) using "publickey".' >&2; sleep 0.1`
      const end = "echo 'Transferred: sent 3436, received 3400 bytes, in 1.2 seconds' >&2"
      const refused = "echo 'This account is currently not available.'; sleep 0.1"
      const reason = "This account is currently not available. (the command ended with status 1)"
      assert.strictEqual(yield* reasonOf(`${banner}; ${login}; ${refused}; ${end}; exit 1`), reason)
      // A wrapper may hide what ssh prints.
      assert.strictEqual(yield* reasonOf(`${banner}; ${refused}; exit 1`), reason)
      assert.strictEqual(yield* reasonOf(`${banner}; ${login}; ${end}; exit 1`), "the command ended with status 1")
      assert.strictEqual(
        yield* reasonOf(`${banner}; echo 'me@relay: Permission denied (publickey).' >&2; exit 255`),
        "me@relay: Permission denied (publickey). (the command ended with status 255)",
      )
      assert.strictEqual(
        yield* reasonOf(`${login}; echo Welcome; sleep 0.1; echo 'sh: not found' >&2; exit 127`),
        "sh: not found (the command ended with status 127)",
      )
    }),
  )

  it.effect.each([
    ["how it ended, if it printed nothing", "exit 3", "the command ended with status 3"],
    [
      "what it printed without a newline",
      "printf 'no route' >&2; exit 1",
      "no route (the command ended with status 1)",
    ],
  ] satisfies ReadonlyArray<[string, string, string]>)("is %s", ([, script, expected]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(script), expected)
    }),
  )

  it.effect("is the shell's, for a missing command and for a syntax error", () =>
    Effect.gen(function* () {
      assert.match(
        (yield* Effect.flip(open({ command: "no-such-program me@relay" }))).message,
        /not found .*status 127/u,
      )
      assert.match((yield* Effect.flip(open({ command: "ssh 'me@relay" }))).message, /status 2/u)
      assert.strictEqual(
        (yield* Effect.flip(open({ command: "kill -KILL $$; true" }))).message,
        "the command was killed",
      )
    }),
  )
})
