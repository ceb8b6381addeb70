/** The executable as a process: how it ends, invalid settings, and its files. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { fileURLToPath } from "node:url"
import { controlTools, fleetTools } from "../../src/cli/server/listedTools.ts"
import { executable, makeRelay, type Variables } from "../support/Executable.ts"
import { silentServer } from "../support/loopback.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

type Raw = Effect.Success<ReturnType<typeof startRaw>>

const endings: ReadonlyArray<{ readonly name: string; readonly end: (raw: Raw) => Effect.Effect<void> }> = [
  { name: "stdin is closed", end: (raw) => raw.closeStdin },
  { name: "it receives SIGTERM", end: (raw) => raw.kill("SIGTERM") },
  { name: "it receives SIGINT", end: (raw) => raw.kill("SIGINT") },
  { name: "it receives SIGHUP", end: (raw) => raw.kill("SIGHUP") },
]

const refusals = [
  { variable: "TRANSPORT", value: "carrier-pigeon" },
  { variable: "DISCOVERY_INTERVAL_MS", value: "-1" },
  { variable: "DISCOVERY_INTERVAL_MS", value: "0" },
  { variable: "HEALTH_CHECK_TIMEOUT_MS", value: "soon" },
  { variable: "SEND_TIMEOUT_MS", value: "1e99" },
  { variable: "LOG_LEVEL", value: "loud" },
] as const

const succeeded = { code: 0, signal: null }

layer(RealOpencode.layer(), { excludeTestServices: true })("the process", (it) => {
  const working = Effect.fnUntraced(function* () {
    const opencode = yield* RealOpencode
    const { id } = yield* facts.createSession(opencode, "Ends in the middle")
    const relay = yield* makeRelay()
    yield* relay.register("main", opencode)
    const raw = yield* startRaw(relay)
    yield* raw.initialize()
    const call = yield* raw.send("tools/call", {
      name: "send_message",
      arguments: { session_id: id, message: "slow: 600" },
    })
    yield* facts.texts(opencode, id).pipe(eventually((texts) => texts.length === 2))
    return { call, id, opencode, raw }
  })

  it.effect.each(endings)("exits immediately with 0 when $name, even if a probe hangs", ({ end }) =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("silent", { port: yield* silentServer })
      const raw = yield* startRaw(relay)
      yield* raw.initialize()
      yield* end(raw)
      assert.deepStrictEqual(yield* raw.ended, succeeded)
    }),
  )

  it.effect.each(endings)("exits immediately with 0 when $name during a call, and the turn continues", ({ end }) =>
    Effect.gen(function* () {
      const { id, opencode, raw } = yield* working()
      yield* end(raw)
      assert.deepStrictEqual(yield* raw.ended, succeeded)
      assert.strictEqual(yield* facts.status(opencode, id), "busy")
      yield* facts.abort(opencode, id)
    }),
  )

  it.effect("keeps answering when a call is cancelled, does not answer that call, and the turn continues", () =>
    Effect.gen(function* () {
      const { call, id, opencode, raw } = yield* working()
      yield* raw.notify("notifications/cancelled", { requestId: call, reason: "enough" })
      const { result } = yield* raw.request("tools/call", { name: "get_status", arguments: {} })
      assert.include(JSON.stringify(result), id)
      assert.strictEqual(yield* facts.status(opencode, id), "busy")
      assert.isUndefined((yield* raw.answers).find((answer) => answer.id === call))
      yield* facts.abort(opencode, id)
    }),
  )

  it.effect.each(refusals)("answers every call with the reason if $variable is '$value'", ({ value, variable }) =>
    Effect.gen(function* () {
      const raw = yield* startRaw(yield* makeRelay(), { variables: { [variable]: value } })
      yield* raw.initialize()
      yield* raw.request("tools/list")
      for (const name of ["list_instances", "send_message"]) {
        const { result } = yield* raw.request("tools/call", { name, arguments: {} })
        assert.isTrue(result?.["isError"])
        assert.include(
          JSON.stringify(result),
          JSON.stringify(`${variable}=${JSON.stringify(value)} cannot be used`).slice(1, -1),
        )
      }
      const lines = (yield* raw.stderr).trimEnd().split("\n")
      assert.lengthOf(lines, 1)
      for (const part of [variable, value]) assert.include(lines[0], part)
      yield* raw.closeStdin
      assert.deepStrictEqual(yield* raw.ended, succeeded)
    }),
  )

  it.effect(
    "exits with 0 before and while it loads the fleet, if its client leaves or a signal arrives that early",
    () =>
      Effect.forEach(
        endings.flatMap(({ end }) => [false, true].map((isLoading) => ({ end, isLoading }))),
        ({ end, isLoading }) =>
          Effect.gen(function* () {
            const raw = yield* startRaw(yield* makeRelay())
            yield* raw.initialize()
            // A call makes the server load the fleet.
            if (isLoading) yield* raw.send("tools/call", { name: "list_instances", arguments: {} })
            yield* end(raw)
            assert.deepStrictEqual(yield* raw.ended, succeeded)
          }),
        { concurrency: 2 },
      ),
  )

  it.effect("lists the tools of the Toolkit, and start_instance only with SSH_HOSTS", () =>
    Effect.gen(function* () {
      const listed = Effect.fnUntraced(function* (variables: Variables) {
        const raw = yield* startRaw(yield* makeRelay(), { variables })
        yield* raw.initialize()
        return (yield* raw.request("tools/list")).result?.["tools"]
      })
      assert.deepStrictEqual(yield* listed({}), fleetTools)
      assert.deepStrictEqual(yield* listed({ SSH_HOSTS: "box" }), [...fleetTools, ...controlTools])
    }),
  )

  it.effect.each(["debug", "all"])("writes only protocol messages to stdout with LOG_LEVEL=%s", (LOG_LEVEL) =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("main", yield* RealOpencode)
      const raw = yield* startRaw(relay, { variables: { LOG_LEVEL } })
      yield* raw.initialize()
      yield* raw.write("this is no JSON")
      yield* raw.request("tools/call", { name: "refresh_instances", arguments: {} })
      yield* raw.request("tools/call", { name: "create_session", arguments: { title: "Logged" } })
      // Decodes every line.
      assert.isAtLeast((yield* raw.answers).length, 3)
    }),
  )

  it.effect("runs from a copy without node_modules, and serves without the code of the command line", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay()
      const bin = `${relay.home}/bin`
      yield* fs.copy(fileURLToPath(new URL(".", `file://${executable}`)), bin)
      const chunks = yield* fs.readDirectory(`${bin}/chunks`)
      const cli = chunks.filter((chunk) => chunk.startsWith("cli."))
      assert.lengthOf(cli, 1)
      yield* fs.remove(`${bin}/chunks/${cli[0]}`)
      for (const args of [[], ["serve"]]) {
        const raw = yield* startRaw(relay, { file: `${bin}/opencode-fleet.mjs`, cwd: relay.home, args })
        yield* raw.initialize()
        const { result } = yield* raw.request("tools/call", { name: "refresh_instances", arguments: {} })
        assert.include(JSON.stringify(result), "No instance was found")
        yield* raw.closeStdin
        assert.deepStrictEqual(yield* raw.ended, succeeded)
      }
    }),
  )

  it.effect("serves without Node's fetch, which costs 15 MB", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("main", yield* RealOpencode)
      const report = `process.on("exit", () => console.error("loaded:", process.moduleLoadList.filter((name) => name.includes("undici")).join()))`
      const raw = yield* startRaw(relay, {
        variables: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(report)}`, LOG_LEVEL: "error" },
      })
      yield* raw.initialize()
      yield* raw.request("tools/call", { name: "refresh_instances", arguments: {} })
      const { result } = yield* raw.request("tools/call", { name: "create_session", arguments: { title: "Light" } })
      const session_id = /"session_id":"(\w+)"/u.exec(JSON.stringify(result))?.[1]
      yield* raw.request("tools/call", { name: "send_message", arguments: { session_id, message: "say:done" } })
      yield* raw.closeStdin
      assert.deepStrictEqual(yield* raw.ended, succeeded)
      assert.strictEqual((yield* raw.stderr).trim(), "loaded:")
    }),
  )

  it.effect("prints the version of package.json", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const manifest = yield* fs.readFileString(fileURLToPath(new URL("../../package.json", import.meta.url)))
      const raw = yield* startRaw(yield* makeRelay(), { args: ["--version"] })
      assert.deepStrictEqual(yield* raw.ended, succeeded)
      const version = /\d+\.\d+\.\d+\S*/u.exec(yield* raw.stdout)?.[0]
      assert.include(manifest, `"version": "${version}"`)
    }),
  )
})
