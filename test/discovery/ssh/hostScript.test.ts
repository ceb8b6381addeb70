/** The script of ssh hosts in every shell of this machine that may be some system's `sh`. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { ChildProcess } from "effect/process"
import { openShell } from "../../../src/machine/ssh/RemoteShell.ts"
import { parseReport } from "../../../src/discovery/ssh/HostReport.ts"
import { hostScript } from "../../../src/discovery/ssh/hostScript.ts"
import { webServer } from "../../support/loopback.ts"
import { find } from "../../support/requirements.ts"
import { shells } from "../../connect/tunnel/relayShell.ts"

const password = "secret of the service"

/** Starts the script in a home of its own, whose opencode directory holds these registrations. */
const startScript = Effect.fnUntraced(function* (
  [program, ...args]: readonly [string, ...ReadonlyArray<string>],
  registrations: Readonly<Record<string, unknown>>,
  mode = 0o600,
) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "host's $(home) " })
  const directory = `${home}/.local/state/opencode`
  yield* fs.makeDirectory(directory, { recursive: true })
  for (const [name, content] of Object.entries(registrations)) {
    yield* fs.writeFileString(`${directory}/${name}`, JSON.stringify(content))
    yield* fs.chmod(`${directory}/${name}`, mode)
  }
  const shell = yield* openShell({
    host: "here",
    command: ChildProcess.make(find(program) ?? program, args, {
      env: { PATH: process.env["PATH"], HOME: home },
      forceKillAfter: "2 seconds",
    }),
    script: (mark) => `echo fleet-0 hello; printf noise\n${hostScript(mark)}`,
  })
  /** The answer to `scan`, and what it says about this home: other processes of this machine are reported, too. */
  const scan = Effect.map(shell.ask("scan"), (answer) => {
    const report = parseReport(answer)
    return {
      answer,
      services: report?.services.filter(({ file }) => file.startsWith(home)) ?? [],
      unused: report?.unused.filter(({ file }) => file.startsWith(home)) ?? [],
    }
  })
  return { directory, scan, ask: shell.ask }
})

const registration = (port: number, pid: number) => ({
  id: "a",
  version: "2.0.15",
  url: `http://127.0.0.1:${port}`,
  pid,
  password,
})

describe.each(shells)("The script of ssh hosts in %s", (_title, shell) => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("tells the registration of a running process that listens on its port", () =>
      Effect.gen(function* () {
        const port = yield* webServer
        const { directory, scan } = yield* startScript(shell, { "service-dev.json": registration(port, process.pid) })
        const { answer, services, unused } = yield* scan
        assert.deepStrictEqual(unused, [])
        assert.lengthOf(services, 1)
        assert.deepInclude(services[0], { file: `${directory}/service-dev.json`, pid: process.pid, port })
        assert.include(answer, password)
      }),
    )

    it.effect("tells no password of a process that has ended, of a foreign listener, or that others can write", () =>
      Effect.gen(function* () {
        const port = yield* webServer
        const gone = yield* startScript(shell, {
          "service.json": registration(1, process.pid),
          "service-ended.json": registration(1, 2 ** 22 + 1),
          "service-foreign.json": registration(port, 1),
          "service-broken.json": ["service"],
        })
        const found = yield* gone.scan
        assert.notInclude(found.answer, password)
        assert.deepStrictEqual(
          found.unused.map(({ file, state }) => [file.slice(gone.directory.length + 1), state]),
          [
            ["service.json", "stale"],
            ["service-broken.json", "broken"],
            ["service-ended.json", "stale"],
            ["service-foreign.json", "foreign"],
          ],
        )
        const open = yield* startScript(shell, { "service.json": registration(port, process.pid) }, 0o622)
        const { answer, unused } = yield* open.scan
        assert.notInclude(answer, password)
        assert.deepInclude(unused[0], { state: "unsafe" })
      }),
    )

    it.effect("starts nothing without an opencode command", () =>
      Effect.gen(function* () {
        const { ask, directory } = yield* startScript(shell, {})
        const fs = yield* FileSystem.FileSystem
        // An `opencode` that this machine has installed is not run: its version is unknown to this test.
        if (find("opencode") !== undefined) return
        assert.strictEqual(yield* ask("start", "", "", ""), "missing")
        assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
      }),
    )
  })
})
