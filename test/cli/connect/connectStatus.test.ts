/** `connect --status` with registrations of `connect` and of other programs. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { TestConsole } from "effect/testing"
import { showStatus } from "../../../src/cli/connect/connectStatus.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { plainText } from "../../../src/text/plainText.ts"
import { Settings } from "../../../src/Settings.ts"
import { makeRelay } from "../../discovery/relay/relay.ts"

const common = { hostname: "here", port: 4096, cwd: "/work/api" }
const since = "2026-11-24T12:00:00.000Z"
const tunnel = { relay: "ssh me@relay", since }

const here = {
  hostname: "here",
  isAlive: (pid: number) => pid === 1,
  birthOf: () => undefined,
  addresses: () => [],
}

/** What is printed for these registrations, each in a file of its name. */
const status = Effect.fnUntraced(function* (
  json: boolean,
  registrations: ReadonlyArray<{ readonly name: string; readonly [field: string]: unknown }>,
) {
  const relay = yield* makeRelay
  // All tests here share one console.
  const printed = Effect.all({ stdout: TestConsole.logLines, stderr: TestConsole.errorLines })
  const before = yield* printed
  for (const each of registrations) yield* relay.register(`${each.name}.json`, { ...common, ...each })
  yield* showStatus(json).pipe(
    Effect.provide(Settings.layerOf({ relayDirectory: relay.directory })),
    Effect.provideService(LocalMachine, here),
  )
  const after = yield* printed
  return {
    file: relay.file,
    stdout: after.stdout.slice(before.stdout.length).join("\n"),
    stderr: after.stderr.slice(before.stderr.length).join("\n"),
  }
})

layer(NodeServices.layer)("connect --status", (it) => {
  it.effect("shows the tunnel and the log of each", () =>
    Effect.gen(function* () {
      const { stderr, stdout } = yield* status(false, [
        { name: "alone", connect: { pid: 1, log: "/log/alone" } },
        {
          name: "connected",
          connect: { pid: 1, log: "/log/a", tunnel: { ...tunnel, state: "connected", port: 4711 } },
        },
        { name: "dead", connect: { pid: 2, log: "/log/dead", tunnel: { ...tunnel, state: "connected", port: 4711 } } },
        {
          name: "waiting",
          connect: { pid: 1, log: "/log/w", tunnel: { ...tunnel, state: "waiting", reason: "no route" } },
        },
      ])
      assert.strictEqual(
        stdout,
        `alone  http://127.0.0.1:4096  /work/api
  no relay: registered on this machine only
  log: /log/alone
connected  http://127.0.0.1:4096  /work/api
  relay: ssh me@relay, connected since ${since}, port 4711 there
  log: /log/a
dead  http://127.0.0.1:4096  /work/api
  its connect (process 2) was killed; \`opencode-fleet prune\` removes its registration
  log: /log/dead
waiting  http://127.0.0.1:4096  /work/api
  relay: ssh me@relay, waiting since ${since}: no route
  log: /log/w`,
      )
      assert.strictEqual(stderr, "")
    }),
  )

  it.effect("shows the tunnel of a service of opencode 2, which is not registered here", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      const directory = `${relay.parent}/state/connect/relays`
      yield* fs.makeDirectory(directory, { recursive: true })
      const write = (name: string, content: unknown) =>
        fs.writeFileString(`${directory}/${name}`, JSON.stringify(content))
      const connected = { ...tunnel, state: "connected", port: 4711 }
      yield* write("a.json", { name: "laptop", pid: 1, log: "/log/a", tunnel: connected })
      yield* write("b.json", { name: "killed", pid: 2, log: "/log/b", tunnel: connected })
      yield* write("c.json", "half")
      const settings = Settings.layerOf({ relayDirectory: relay.directory, stateDirectory: `${relay.parent}/state` })
      const before = (yield* TestConsole.logLines).length
      const show = (json: boolean) =>
        showStatus(json).pipe(Effect.provide(settings), Effect.provideService(LocalMachine, here))
      yield* show(false)
      yield* show(true)
      const [text, json] = (yield* TestConsole.logLines).slice(before)
      assert.strictEqual(
        text,
        `laptop  opencode 2's service
  relay: ssh me@relay, connected since ${since}, port 4711 there
  log: /log/a
killed  opencode 2's service
  its connect (process 2) was killed; the next one takes its place
  log: /log/b`,
      )
      assert.deepInclude(JSON.parse(String(json)), {
        name: "laptop",
        api: 2,
        running: true,
        pid: 1,
        log: "/log/a",
        tunnel: connected,
        registration: `${directory}/a.json`,
      })
    }),
  )

  it.effect("prints JSON of a stable shape", () =>
    Effect.gen(function* () {
      const connect = { pid: 1, log: "/log/a", tunnel: { ...tunnel, state: "waiting", reason: "no route" } }
      const { file, stdout } = yield* status(true, [{ name: "api", connect }])
      assert.deepStrictEqual(JSON.parse(stdout), [
        {
          name: "api",
          url: "http://127.0.0.1:4096",
          directory: "/work/api",
          running: true,
          ...connect,
          registration: file("api.json"),
        },
      ])
    }),
  )

  it.effect(
    "leaves out registrations that are written by hand, of another machine, or hold something else in that field",
    () =>
      Effect.gen(function* () {
        const others = [
          { name: "by-hand" },
          { name: "there", hostname: "there", connect: { pid: 1, log: "/log" } },
          { name: "strange", connect: "yes" },
          { name: "half", connect: { pid: "1" } },
        ]
        assert.deepInclude(yield* status(false, others), {
          stdout: "",
          stderr: "Nothing is connected on this machine.",
        })
      }),
  )

  it.effect("prints an empty JSON list if nothing is connected", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* status(true, []), { stdout: "[]", stderr: "" })
    }),
  )

  it.effect("prints no control characters, whatever a registration holds", () =>
    Effect.gen(function* () {
      const evil = "\u001B[2J\r\n\u202Eevil"
      const { stdout } = yield* status(false, [
        {
          name: "api",
          cwd: evil,
          connect: { pid: 1, log: evil, tunnel: { relay: evil, since: evil, state: "waiting", reason: evil } },
        },
      ])
      assert.strictEqual(stdout, plainText(stdout))
      assert.lengthOf(stdout.split("\n"), 3)
    }),
  )
})
