/** How this machine's Tailscale is asked, and what is said where it does not tell of its peers. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Schedule } from "effect"
import { TestClock } from "effect/testing"
import type { TailscaleError } from "../../../src/fleet/tailscale/errors.ts"
import { peersOf } from "../../../src/fleet/tailscale/TailnetStatus.ts"
import { answer, makeAccess } from "./access.ts"
import { recording, versions } from "./recordings.ts"

type Access = Effect.Success<typeof makeAccess>

const read = (access: Access) => Effect.flatMap(access.tailnet, ({ read }) => read)

/** Why there is no status: of one line, with the way out. */
const trouble = (access: Access, tag: TailscaleError["_tag"], ...said: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { _tag, message } = yield* Effect.flip(read(access))
    assert.strictEqual(_tag, tag, message)
    for (const word of said) assert.include(message, word)
    assert.notMatch(message, /[\r\n\u001b]/u)
    return message
  })

/** The command prints this text. */
const printing = (access: Access, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(`${access.directory}/out.json`, text)
    yield* access.install(`cat ${access.directory}/out.json`)
  })

/** Waits in vain for as long as anybody waits for Tailscale. */
const inVain = (access: Access) =>
  Effect.gen(function* () {
    const tailnet = yield* access.tailnet
    const fiber = yield* Effect.forkChild(Effect.flip(tailnet.read), { startImmediately: true })
    yield* TestClock.adjust("3 seconds")
    return yield* Fiber.join(fiber)
  })

const inState = (json: string, state: string, rest: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ ...JSON.parse(json), BackendState: state, ...rest })

/** What `tailscale` says on stderr before it ends with status 1, in 1.24 or today. */
const complaints = [
  [
    "TailscaleNotRunning",
    "failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)",
  ],
  ["TailscaleNotRunning", "failed to connect to local Tailscale service; is Tailscale running?"],
  [
    "TailscaleDenied",
    "failed to connect to local tailscaled (which appears to be running as tailscaled, pid 612). Got error: Failed to connect to local Tailscale daemon for /localapi/v0/status; not running? Error: dial unix /var/run/tailscale/tailscaled.sock: connect: permission denied",
  ],
  ["TailscaleDenied", "Access denied: status access denied"],
  ["TailscaleInUse", "401 Unauthorized: Tailscale already in use by bob, pid 4711"],
  ["TailscaleNotUnderstood", "flag provided but not defined: -json"],
] as const

layer(NodeServices.layer)("A tailnet is read", (it) => {
  it.effect.each(versions)("over the local API of %s, without a command", (version) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const json = yield* recording(`running-${version}`)
      const requests: Array<unknown> = []
      yield* access.listen(({ headers: { host }, method, url }, response) => {
        requests.push({ host, method, url })
        response.end(json)
      })
      const status = yield* read(access)
      assert.strictEqual(status.Version?.split("-")[0], version)
      assert.isAbove(peersOf(status).peers.length, 8)
      assert.deepStrictEqual(requests, [{ host: "local-tailscaled.sock", method: "GET", url: "/localapi/v0/status" }])
    }),
  )

  it.effect("from the command, where there is no socket", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${access.directory}/out.json`, yield* recording("running-1.76.1"))
      yield* access.install(
        `echo "$TAILSCALE_BE_CLI $@" > ${access.directory}/called; echo "Warning: versions differ" >&2; cat ${access.directory}/out.json`,
      )
      assert.lengthOf(peersOf(yield* read(access)).peers, 1)
      assert.strictEqual(yield* fs.readFileString(`${access.directory}/called`), "1 status --json\n")
    }),
  )

  it.effect("from the command, where what is at the socket's place is none", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(access.socket, "not a socket")
      yield* trouble(access, "TailscaleNotRunning", access.socket, "systemctl start tailscaled")
      yield* printing(access, yield* recording("running-1.84.0"))
      assert.strictEqual((yield* read(access)).BackendState, "Running")
    }),
  )

  it.effect("even if there is much of it", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const large = inState(yield* recording("running-1.84.0"), "Running", { Future: "x".repeat(15 * 1024 * 1024) })
      yield* printing(access, large)
      assert.strictEqual((yield* read(access)).BackendState, "Running")
      yield* access.listen(answer(200, large))
      assert.strictEqual((yield* read(access)).BackendState, "Running")
    }),
  )
})

layer(NodeServices.layer)("It is said what is wrong with Tailscale where it", (it) => {
  it.effect("is not there at all", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* trouble(access, "TailscaleMissing", access.socket, "https://tailscale.com/download", "TRANSPORT")
    }),
  )

  it.effect.each([
    ["Stopped", "TailscaleStopped", "`tailscale up`"],
    ["NeedsLogin", "TailscaleLoggedOut", "`tailscale up`"],
    ["NeedsMachineAuth", "TailscaleUnapproved", "admin"],
    ["Starting", "TailscaleStarting", "passes by itself"],
    ["NoState", "TailscaleStarting", "passes by itself"],
    ["InUseOtherUser", "TailscaleInUse", "another user"],
    ["Levitating", "TailscaleNotUnderstood", "Levitating"],
  ] as const)("is in the state %s", ([state, tag, way]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen(answer(200, inState(yield* recording("running-1.84.0"), state)))
      yield* trouble(access, tag, way)
    }),
  )

  it.effect("is stopped, and shows its peers nevertheless", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* printing(access, yield* recording("stopped-1.84.0"))
      yield* trouble(access, "TailscaleStopped", "`tailscale up`")
    }),
  )

  it.effect("is logged out, without the link that would take this machine into anybody's tailnet", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const json = yield* recording("needs-login-1.84.0")
      assert.include(json, "https://login.tailscale.com/a/")
      yield* access.listen(answer(200, json))
      assert.notInclude(yield* trouble(access, "TailscaleLoggedOut"), "login.tailscale.com")
    }),
  )

  it.effect("starts, and says itself what is in the way", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const Health = ["no network", "\u001b[31mno DERP\nhome"]
      yield* access.listen(answer(200, inState(yield* recording("running-1.50.1"), "Starting", { Health })))
      yield* trouble(access, "TailscaleStarting", "no network; ", "no DERP home")
    }),
  )

  it.effect.each([
    [403, "status access denied\n", "TailscaleDenied", "--operator"],
    [401, "Tailscale already in use by bob, pid 4711\n", "TailscaleInUse", "by bob"],
    [
      401,
      'Tailscale running in server mode ("bob"); connection from "eve" not allowed',
      "TailscaleInUse",
      "server mode",
    ],
    [401, "auth required", "TailscaleDenied", "auth required"],
    [500, "server has no local backend", "TailscaleNotUnderstood", "500: server has no local backend"],
    [404, "<h1>\u001b[2J not found\r\n</h1>", "TailscaleNotUnderstood", "404"],
    [200, "<!doctype html><title>Hello</title>", "TailscaleNotUnderstood", "says no status"],
    [200, "", "TailscaleNotUnderstood", "says no status"],
    [200, "null", "TailscaleNotUnderstood", "says no status"],
    [200, '{"Version":"1.0.0"}', "TailscaleNotUnderstood", "BackendState"],
  ] as const)("answers %d %s", ([status, body, tag, said]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen(answer(status, body))
      // What the daemon itself has said the command would only say again.
      yield* access.install("echo asked in vain >&2; exit 1")
      yield* trouble(access, tag, said)
    }),
  )

  it.effect("breaks off in the middle of its answer", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen((_request, response) => {
        response.writeHead(200, { "content-length": "1000" })
        response.write('{"BackendState":', () => response.destroy())
      })
      yield* trouble(access, "TailscaleNotUnderstood", access.socket, "breaks off")
    }),
  )

  it.effect("takes the connection and says nothing, or not all", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen((request, response) => void (request.url === "/never" && response.end()))
      assert.strictEqual((yield* inVain(access))._tag, "TailscaleTimedOut")
    }),
  )

  it.effect("never ends its answer", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen((_request, response) => {
        const more = () => void (response.writable && response.write(" ".repeat(1024 * 1024), more))
        more()
      })
      yield* trouble(access, "TailscaleNotUnderstood", "more than 16 MiB")
    }),
  )

  it.effect.each(complaints)("lets the command fail: %s (%s)", ([tag, said]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${access.directory}/said`, said)
      yield* access.install(`cat ${access.directory}/said >&2; exit 1`)
      yield* trouble(access, tag, said.slice(0, 40))
    }),
  )

  it.effect("has a command that prints something else, as the app of macOS does outside a session", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.install("echo The Tailscale GUI failed to start: The operation couldn’t be completed.")
      yield* trouble(access, "TailscaleNotUnderstood", "`", "says no status")
    }),
  )

  it.effect("has a command that may not be run", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* access.install("exit 0")
      yield* fs.chmod(access.command, 0o600)
      yield* trouble(access, "TailscaleNotUnderstood", "cannot be run")
    }),
  )

  it.effect("has a command that prints without end, which is ended", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* access.install(`echo $$ > ${access.directory}/pid; exec yes "$(printf %01000d 0)"`)
      yield* trouble(access, "TailscaleNotUnderstood", "more than 16 MiB")
      yield* gone(Number(yield* fs.readFileString(`${access.directory}/pid`)))
    }),
  )

  it.effect("has a command that complains without end, and then works", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${access.directory}/out.json`, yield* recording("running-1.84.0"))
      yield* access.install(
        `i=0; while [ $i -lt 3000 ]; do printf %01000d 0 >&2; i=$((i+1)); done; cat ${access.directory}/out.json`,
      )
      assert.strictEqual((yield* read(access)).BackendState, "Running")
    }),
  )

  it.effect("has a command that hangs, which is ended", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* access.install(`echo $$ > ${access.directory}/pid; exec sleep 600`)
      const tailnet = yield* access.tailnet
      const fiber = yield* Effect.forkChild(Effect.flip(tailnet.read), { startImmediately: true })
      const pid = yield* TestClock.withLive(
        fs
          .readFileString(`${access.directory}/pid`)
          .pipe(
            Effect.map(Number),
            Effect.repeat({ until: (pid) => pid > 0, schedule: Schedule.spaced("10 millis") }),
            Effect.retry(Schedule.spaced("10 millis")),
          ),
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TailscaleTimedOut")
      yield* gone(pid)
    }),
  )
})

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The process has ended, or does so at once. */
const gone = (pid: number) =>
  Effect.gen(function* () {
    assert.isAbove(pid, 0)
    yield* TestClock.withLive(
      Effect.sync(() => exists(pid)).pipe(
        Effect.repeat({ until: (there) => !there, schedule: Schedule.spaced("10 millis") }),
        Effect.timeout("5 seconds"),
      ),
    )
  })
