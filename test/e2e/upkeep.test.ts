/** `prune`, `doctor` and `config` of the built executable, over real files and with the real opencode. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { hostname } from "node:os"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { executable, makeRelay, type Relay, type Variables } from "../support/Executable.ts"
import { freePort, silentServer, webServer } from "../support/loopback.ts"
import { environment } from "../support/OpencodeWorkspace.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const opencode = fileURLToPath(new URL("bin/opencode.exe", import.meta.resolve("opencode-ai/package.json")))

/** A PATH with the command `opencode`. */
const path = `${fileURLToPath(new URL("../../node_modules/.bin", import.meta.url))}:${process.env["PATH"]}`

/** Larger than any process id of Linux or macOS. */
const noProcess = 4_194_305

const run = Effect.fnUntraced(function* (
  relay: Relay,
  args: ReadonlyArray<string>,
  options: { readonly variables?: Variables; readonly file?: string } = {},
) {
  const raw = yield* startRaw(relay, { args, ...options })
  const { code } = yield* raw.ended
  return { code, stdout: yield* raw.stdout, stderr: yield* raw.stderr }
}, Effect.scoped)

const Verdict = Schema.Literals(["removed", "would-remove", "kept", "failed"])

const Pruned = Schema.fromJsonString(
  Schema.Array(
    Schema.Struct({
      file: Schema.String,
      name: Schema.String,
      verdict: Verdict,
      reason: Schema.String,
      silent_since: Schema.optionalKey(Schema.DateTimeUtcFromString),
    }),
  ),
)

const Diagnosis = Schema.fromJsonString(
  Schema.Struct({
    findings: Schema.Array(
      Schema.Struct({
        check: Schema.String,
        state: Schema.Literals(["ok", "warning", "problem"]),
        message: Schema.String,
        advice: Schema.optionalKey(Schema.String),
      }),
    ),
    ok: Schema.Boolean,
  }),
)

/** Whether doctor names the opencodes of the tests that run at the same time. */
const isOfOthers = ({ message }: { readonly message: string }) =>
  /running on this machine and no transport finds/u.test(message)

layer(RealOpencode.layer({ password: "hunter2-Zk9" }), { excludeTestServices: true })((it) => {
  describe("prune", () => {
    it.effect("removes only what is gone, with a reason for each, and waits before it removes a silent instance", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const relay = yield* makeRelay()
        const { port } = yield* RealOpencode
        const here = { hostname: hostname(), pid: noProcess }
        const files = [
          // It answers (it requires a password that is not set here), so its process id does not matter.
          yield* relay.write("answers.json", { name: "answers", port, ...here }),
          yield* relay.write("page.json", { name: "page", port: yield* webServer, ...here }),
          yield* relay.write("dead.json", { name: "dead", port: yield* freePort, ...here }),
          yield* relay.write("mine.json", { name: "mine", port: yield* freePort, ...here, pid: process.pid }),
          yield* relay.write("hangs.json", { name: "hangs", port: yield* silentServer }),
          yield* relay.write("half.json", '{"name": "half"'),
        ]
        const variables = { HEALTH_CHECK_TIMEOUT_MS: "1000" }
        const prune = (...args: ReadonlyArray<string>) =>
          Effect.gen(function* () {
            const { code, stdout } = yield* run(relay, ["prune", "--json", ...args], { variables })
            assert.strictEqual(code, 0)
            const all = yield* Schema.decodeEffect(Pruned)(stdout)
            return Object.fromEntries(all.map(({ file, verdict }) => [basename(file), verdict]))
          })
        const others: Record<string, typeof Verdict.Type> = {
          "answers.json": "kept",
          "page.json": "kept",
          "mine.json": "kept",
          "hangs.json": "kept",
          "half.json": "kept",
        }
        assert.deepStrictEqual(yield* prune("--dry-run"), { ...others, "dead.json": "would-remove" })
        assert.isFalse(yield* fs.exists(`${relay.home}/.local`))
        assert.lengthOf(yield* fs.readDirectory(relay.directory), files.length)
        assert.deepStrictEqual(yield* prune(), { ...others, "dead.json": "removed" })
        assert.deepStrictEqual(yield* prune("--silent-for", "1 hour"), others)
        assert.deepStrictEqual(yield* prune("--silent-for", "0 seconds"), {
          ...others,
          "mine.json": "removed",
          "hangs.json": "removed",
        })
        const left = (yield* fs.readDirectory(relay.directory)).toSorted()
        assert.deepStrictEqual(left, ["answers.json", "half.json", "page.json"])
        const { stdout } = yield* run(relay, ["prune"], { variables })
        for (const name of left) assert.include(stdout, `kept  ${relay.directory}/${name}`)
      }),
    )

    it.effect("exits with 2 for an invalid duration", () =>
      Effect.gen(function* () {
        const { code, stderr } = yield* run(yield* makeRelay(), ["prune", "--silent-for", "soon"])
        assert.strictEqual(code, 2)
        assert.include(stderr, "7 days")
      }),
    )
  })

  describe("doctor", () => {
    const diagnose = Effect.fnUntraced(function* (relay: Relay, variables: Variables) {
      const { code, stdout } = yield* run(relay, ["doctor", "--json"], { variables: { PATH: path, ...variables } })
      return { code, text: stdout, ...(yield* Schema.decodeEffect(Diagnosis)(stdout)) }
    })

    it.effect("finds no problem in a healthy setup, and never prints the password", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("main", yield* RealOpencode)
        const { code, findings, ok, text } = yield* diagnose(relay, { OPENCODE_SERVER_PASSWORD: "hunter2-Zk9" })
        assert.strictEqual(code, 0)
        assert.isTrue(ok)
        assert.deepStrictEqual(
          findings.filter((finding) => finding.state !== "ok" && !isOfOthers(finding)),
          [],
        )
        assert.include(
          findings.map(({ check }) => check),
          "password",
        )
        assert.include(text, "main (http")
        assert.notInclude(text, "hunter2")
      }),
    )

    it.effect("exits with 1 and advice if the password is missing or wrong, and never prints it", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("main", yield* RealOpencode)
        for (const OPENCODE_SERVER_PASSWORD of [undefined, "wrong-Qx7"]) {
          const { code, findings, ok, text } = yield* diagnose(relay, { OPENCODE_SERVER_PASSWORD })
          assert.strictEqual(code, 1)
          assert.isFalse(ok)
          const problems = findings.filter(({ state }) => state === "problem")
          assert.lengthOf(problems, 1)
          assert.include(problems[0]?.advice, "OPENCODE_SERVER_PASSWORD")
          assert.notInclude(text, "wrong-Qx7")
        }
      }),
    )

    it.effect("reports an invalid setting once, and skips the checks that need it", () =>
      Effect.gen(function* () {
        const { code, findings } = yield* diagnose(yield* makeRelay(), { TRANSPORT: "carrier-pigeon" })
        assert.strictEqual(code, 1)
        const reported = findings.filter(
          ({ message }) => message.includes("carrier-pigeon") || message.includes("skipped"),
        )
        assert.deepStrictEqual(
          reported.map(({ check, state }) => ({ check, state })),
          [{ check: "settings", state: "problem" }],
        )
        assert.isUndefined(findings.find(({ check }) => check === "instances"))
      }),
    )

    it.effect("prints plain lines to a pipe, and colours only the marks if colour is requested", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        const plain = yield* run(relay, ["doctor"])
        assert.notInclude(plain.stdout, "\u001B")
        assert.include(plain.stdout, "ok       node: Node ")
        const coloured = yield* run(relay, ["doctor"], { variables: { FORCE_COLOR: "1" } })
        assert.include(coloured.stdout, "\u001B[32mok     ")
        const json = yield* run(relay, ["doctor", "--json"], { variables: { FORCE_COLOR: "1" } })
        assert.notInclude(json.stdout, "\u001B")
      }),
    )
  })

  describe("config", () => {
    it.effect("for opencode works in the real opencode, wherever the executable is", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        const relay = yield* makeRelay()
        const { home } = yield* RealOpencode
        const bin = `${relay.home}/it's a "bin"`
        yield* fs.copy(fileURLToPath(new URL(".", `file://${executable}`)), bin)
        const variables = { LOG_LEVEL: "debug", OPENCODE_SERVER_PASSWORD: "hunter2-Zk9" }
        const { code, stderr, stdout } = yield* run(relay, ["config", "opencode"], {
          file: `${bin}/opencode-fleet.mjs`,
          variables,
        })
        assert.strictEqual(code, 0)
        assert.notInclude(stdout + stderr, "hunter2")
        assert.include(stderr, "OPENCODE_SERVER_PASSWORD")
        const project = `${relay.home}/project`
        yield* fs.makeDirectory(project)
        yield* fs.writeFileString(`${project}/opencode.json`, stdout)
        const list = yield* spawner.string(
          ChildProcess.make(opencode, ["mcp", "list"], { cwd: project, env: environment(home), stdin: "ignore" }),
          { includeStderr: true },
        )
        assert.match(list, /opencode-fleet .*connected/u)
      }),
    )

    it.effect("uses the executable's real path, also through a link, and copies the variables", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const relay = yield* makeRelay()
        const link = `${relay.home}/opencode-fleet`
        yield* fs.symlink(executable, link)
        // Without XDG_STATE_HOME, the client's server would not find the service of opencode 2.
        const variables = { LOG_LEVEL: "debug", XDG_STATE_HOME: "/state" }
        const { stdout } = yield* run(relay, ["config", "claude-code"], { file: link, variables })
        assert.strictEqual(
          stdout,
          `claude mcp add opencode-fleet -s user -e 'RELAY_REGISTRY_DIR=${relay.directory}' -e 'LOG_LEVEL=debug' -e 'XDG_STATE_HOME=/state' -- ${process.execPath} ${executable}`,
        )
      }),
    )
  })
})
