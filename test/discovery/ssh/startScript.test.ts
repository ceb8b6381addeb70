/** What the script of ssh hosts runs to start opencode, with a command that records how it was called. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { ChildProcess } from "effect/process"
import { openShell } from "../../../src/machine/ssh/RemoteShell.ts"
import { hostScript } from "../../../src/discovery/ssh/hostScript.ts"
import { find } from "../../support/requirements.ts"
import { shells } from "../../connect/tunnel/relayShell.ts"

/** A host whose `opencode` is this script. */
const start = Effect.fnUntraced(function* (
  [program, ...args]: readonly [string, ...ReadonlyArray<string>],
  opencode: string,
  ...lines: ReadonlyArray<string>
) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
  yield* Effect.forEach([`${home}/bin`, `${home}/my shop`], (each) => fs.makeDirectory(each))
  yield* fs.writeFileString(`${home}/bin/opencode`, `#!/bin/sh\necho "$*" >> "$HOME/calls"\n${opencode}`, {
    mode: 0o755,
  })
  const { ask } = yield* openShell({
    host: "here",
    command: ChildProcess.make(find(program) ?? program, args, {
      env: { PATH: `${home}/bin:${process.env["PATH"]}`, HOME: home },
      forceKillAfter: "2 seconds",
    }),
    script: hostScript,
  })
  const answer = yield* ask("start", ...lines)
  return { answer, home, calls: yield* fs.readFileString(`${home}/calls`) }
})

const versioned = (version: string, then: string) => `[ "$1" = --version ] && { echo ${version}; exit; }\n${then}`

describe.each(shells)("Starting opencode in %s", (_title, shell) => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("runs opencode 1 in the directory, with the password in its environment only", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const then = `pwd > "$HOME/seen"; printf '%s:%s\\n' "$OPENCODE_SERVER_USERNAME" "$OPENCODE_SERVER_PASSWORD" >> "$HOME/seen"\necho listening on; sleep 1`
        const { answer, calls, home } = yield* start(shell, versioned("1.18.33", then), "~/my shop", "me", "p w$x\\n")
        assert.strictEqual(answer, `started 1.18.33 ${home}/my shop`)
        assert.strictEqual(calls, "--version\nserve --hostname 127.0.0.1 --port 0\n")
        assert.strictEqual(yield* fs.readFileString(`${home}/seen`), `${home}/my shop\nme:p w$x\\n\n`)
      }),
    )

    it.effect("tells why opencode 1 has not started", () =>
      Effect.gen(function* () {
        const failing = versioned("1.18.33", "echo 'Error: no model' >&2; exit 1")
        assert.include(
          (yield* start(shell, failing, "my shop", "", "")).answer,
          "failed opencode serve: Error: no model",
        )
        assert.match((yield* start(shell, failing, "nowhere", "", "")).answer, /^failed .*nowhere/u)
        assert.match((yield* start(shell, failing, "", "", "")).answer, /^directory /u)
      }),
    )

    it.effect("tells why the service of opencode 2 has not started, and runs no second command", () =>
      Effect.gen(function* () {
        const failing = versioned("opencode v2.0.15", "echo 'port 49374 is in use'; exit 1")
        const { answer, calls } = yield* start(shell, failing, "", "", "")
        assert.include(answer, "failed opencode service start: port 49374 is in use")
        assert.strictEqual(calls, "--version\nservice start\n")
      }),
    )

    it.effect("runs no opencode of an unknown version", () =>
      Effect.gen(function* () {
        const { answer, calls } = yield* start(shell, versioned("opencode v3.0.0", "exit 0"), "", "", "")
        assert.match(answer, /^failed .*v3\.0\.0/u)
        assert.strictEqual(calls, "--version\n")
      }),
    )
  })
})
