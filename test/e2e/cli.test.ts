/** The commands `instances`, `sessions` and `send`: the built executable and a real opencode. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { fileURLToPath } from "node:url"
import { FleetView } from "../../src/tools/instances/instanceSchemas.ts"
import { SessionsView } from "../../src/tools/sessions/sessionSchemas.ts"
import { TurnView } from "../../src/tools/turns/turnSchemas.ts"
import { makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { beginCommand, runCommand } from "../support/runCommand.ts"

/** A relay directory in which the instance is registered. */
const registered = Effect.gen(function* () {
  const opencode = yield* RealOpencode
  const relay = yield* makeRelay()
  yield* relay.register("shop", opencode)
  return { opencode, relay }
})

const decode = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, text: string) =>
  Schema.decodeEffect(Schema.fromJsonString(schema))(text, { onExcessProperty: "error" })

/** Must not occur in output that a program reads. */
const escape = "\u001B"

const commands = { excludeTestServices: true } as const

layer(RealOpencode.layer({ permission: "ask" }), commands)("the command line", (it) => {
  it.effect("shows the fleet as a table, and problems on stderr", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      yield* relay.write("broken.json", "{")
      const { status, stderr, stdout } = yield* runCommand(relay, ["instances"])
      assert.strictEqual(status, 0)
      const [titles = "", row = "", ...others] = stdout.trimEnd().split("\n")
      assert.match(titles, /^NAME +STATUS +LAST SESSION +LAST ACTIVE +DIRECTORY +HOST +FOUND BY +VERSION +URL$/u)
      assert.match(row, /^shop +idle .* test-machine +local-relay +1\.\d+\.\d+ +http/u)
      assert.include(row, opencode.directory)
      assert.deepStrictEqual(others, [])
      assert.include(stderr, "broken.json")
      assert.notInclude(stdout + stderr, escape)
    }),
  )

  it.effect("starts without HOME, and writes nothing into the working directory if it is empty", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay()
      for (const HOME of [undefined, "", "relative"]) {
        const { status, stderr } = yield* runCommand(relay, ["instances"], { cwd: relay.home, variables: { HOME } })
        assert.strictEqual(status, HOME === "relative" ? 1 : 0, stderr)
      }
      assert.deepStrictEqual(yield* fs.readDirectory(relay.home), ["relay"])
    }),
  )

  it.effect("prints all instances as the documented JSON, including those that are down, and exits with 0", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, index) => index),
        (index) => relay.register(`down-${index}`, { port: 1 + index }),
      )
      const { status, stdout } = yield* runCommand(relay, ["instances", "--json"])
      assert.strictEqual(status, 0)
      const fleet = yield* decode(FleetView, stdout)
      assert.lengthOf(fleet.instances, 61)
      assert.deepInclude(fleet.instances[0], { name: "shop", health: "online", waiting_for_count: 0 })
    }),
  )

  it.effect("does not fail on an empty fleet, and says how to start", () =>
    Effect.gen(function* () {
      const { status, stderr, stdout } = yield* runCommand(yield* makeRelay(), ["instances"])
      assert.deepStrictEqual({ status, stdout }, { status: 0, stdout: "" })
      assert.include(stderr, "No instance was found")
    }),
  )

  it.effect("watches: an instance that joins or leaves shows immediately, as another table in a pipe", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const variables = { DISCOVERY_INTERVAL_MS: "3600000" }
      const { handle, stdout } = yield* beginCommand(relay, ["instances", "--watch"], { variables })
      yield* eventually((text: string) => text.includes("shop"))(stdout)
      const path = yield* relay.register("second", { ...opencode, port: 9 })
      yield* eventually((text: string) => /\n\nNAME[^\n]*\nshop .*\nsecond +unreachable/u.test(text))(stdout)
      yield* (yield* FileSystem.FileSystem).remove(path)
      const tables = yield* Effect.map(stdout, (text) => text.split("\n\n")).pipe(
        eventually((tables: ReadonlyArray<string>) => tables.length === 3),
      )
      assert.notInclude(tables[2] ?? "", "second")
      assert.notInclude(yield* stdout, escape)
      yield* handle.kill({ killSignal: "SIGINT" }).pipe(Effect.ignore)
      assert.strictEqual(Number(yield* handle.exitCode), 130)
    }),
  )

  it.effect("watches in JSON: one line per change", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const variables = { DISCOVERY_INTERVAL_MS: "200" }
      const { stdout } = yield* beginCommand(relay, ["instances", "--watch", "--json"], { variables })
      const lines = Effect.map(stdout, (text) => text.trimEnd().split("\n"))
      yield* lines.pipe(eventually((all) => all.length === 1 && all[0] !== ""))
      // Several refreshes in which only ages and latencies change.
      yield* Effect.sleep("1 second")
      yield* relay.register("second", { port: 9 })
      const [first = "", second = ""] = yield* lines.pipe(eventually((all) => all.length === 2))
      assert.lengthOf((yield* decode(FleetView, first)).instances, 1)
      assert.lengthOf((yield* decode(FleetView, second)).instances, 2)
    }),
  )

  it.effect("lists sessions with their full ids, and as the documented JSON", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const { id } = yield* facts.createSession(opencode, "One to be found")
      const table = yield* runCommand(relay, ["sessions", "SHO", "--search", "to be found"])
      assert.strictEqual(table.status, 0)
      assert.match(table.stdout, new RegExp(`^ID .*\\n${id} +One to be found +idle +0 `, "u"))
      const { stdout } = yield* runCommand(relay, ["sessions", "shop", "--json", "--limit", "1"])
      const view = yield* decode(SessionsView, stdout)
      assert.strictEqual(view.instance, "shop")
      assert.lengthOf(view.sessions, 1)
    }),
  )

  it.effect("reports an error once, on stderr, and exits with 1, or 2 for a usage error", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const unknown = yield* runCommand(relay, ["sessions", "nope"])
      assert.deepInclude(unknown, { status: 1, stdout: "" })
      assert.strictEqual(unknown.stderr.match(/There is no instance "nope"/gu)?.length, 1)
      const session = yield* runCommand(relay, ["send", "shop", "nope", "Hello"])
      assert.deepInclude(session, { status: 1, stdout: "" })
      assert.include(session.stderr, "nope")
      const setting = yield* runCommand(relay, ["instances"], { variables: { TRANSPORT: "pigeon" } })
      assert.deepInclude(setting, { status: 1, stdout: "" })
      assert.include(setting.stderr, 'TRANSPORT="pigeon" cannot be used')
      assert.strictEqual((yield* runCommand(relay, ["sessions"])).status, 2)
    }),
  )

  it.effect("sends to a new session, then from stdin to that session, and prints exactly what the agent writes", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const first = yield* runCommand(relay, ["send", "shop", "new", "say:one  two\n\n  three"])
      assert.deepInclude(first, { status: 0, stdout: "one  two\n\n  three\n" })
      const [, id = ""] = /New session (ses_\w+) on shop/u.exec(first.stderr) ?? []
      const second = yield* runCommand(relay, ["send", "shop", id, "-"], { stdin: "say:four\n" })
      assert.deepInclude(second, { status: 0, stdout: "four\n" })
      assert.lengthOf(yield* facts.texts(opencode, id), 4)
    }),
  )

  it.effect("streams while the agent writes, and on Ctrl-C leaves the agent working", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const { id } = yield* facts.createSession(opencode, "Goes on")
      const { handle, stderr, stdout } = yield* beginCommand(relay, ["send", "shop", id, "slow: 600"])
      yield* stdout.pipe(eventually((text: string) => text.startsWith("tick 1 tick 2")))
      yield* Effect.ignore(handle.kill({ killSignal: "SIGINT" }))
      assert.strictEqual(Number(yield* handle.exitCode), 130)
      assert.include(yield* stderr, `The agent is still working in session ${id}`)
      assert.strictEqual(yield* facts.status(opencode, id), "busy")
      yield* facts.abort(opencode, id)
    }),
  )

  it.effect("exits with 3 if a permission is needed and no person can be asked; the fleet then shows the request", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const { id } = yield* facts.createSession(opencode, "Wants something")
      const { status, stderr, stdout } = yield* runCommand(relay, ["send", "shop", id, "--json", "run: touch made"])
      assert.strictEqual(status, 3)
      assert.deepInclude(yield* decode(TurnView, stdout), { outcome: "needs permission", session_id: id })
      assert.include(stderr, `opencode-fleet approve shop ${id}`)
      assert.include((yield* runCommand(relay, ["instances"])).stdout, "permission for bash: touch made")
      yield* facts.abort(opencode, id)
    }),
  )

  it.effect("exits with 1 and the provider's message if the turn fails, and with 4 when the time is up", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const failed = yield* runCommand(relay, ["send", "shop", "new", "fail:400"])
      assert.strictEqual(failed.status, 1)
      assert.include(failed.stderr, "scripted failure 400")
      const { id } = yield* facts.createSession(opencode, "Takes long")
      const variables = { SEND_TIMEOUT_MS: "5000" }
      const running = yield* runCommand(relay, ["send", "shop", id, "slow: 600"], { variables })
      assert.strictEqual(running.status, 4)
      // On a busy machine, the answer may not have begun.
      assert.match(running.stdout, /^(?:tick 1\b|\s*$)/u)
      yield* facts.abort(opencode, id)
    }),
  )

  it.effect("explains each command with examples and exit statuses", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      for (const command of ["instances", "sessions", "send"]) {
        const { status, stdout } = yield* runCommand(relay, [command, "--help"])
        assert.strictEqual(status, 0)
        assert.include(stdout, "Exit status: 0")
        assert.match(stdout, new RegExp(`EXAMPLES[^]*\\n  opencode-fleet ${command} `, "u"))
      }
    }),
  )

  it.effect("is not loaded by the server", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const chunks = fileURLToPath(new URL("../../dist/bin/chunks/", import.meta.url))
      const withTables = yield* Effect.filter(yield* fs.readDirectory(chunks), (file) =>
        Effect.map(fs.readFileString(chunks + file), (code) => code.includes("UPDATED")),
      )
      assert.match(withTables.join(), /^(?:cli|command)(?:-[\w-]+)?\.mjs$/u)
    }),
  )
})
