/** opencode's terminal UI under `opencode-fleet connect`, in a real terminal. */
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { ListInstances } from "../../src/tools/instances/InstanceTools.ts"
import {
  connectCommand,
  localRegistry,
  pathWithOpencode,
  registered,
  registrations,
  running,
} from "../support/connectProcess.ts"
import { relayIn } from "../support/Executable.ts"
import { connect, eventually } from "../support/McpClients.ts"
import { makeWorkspace } from "../support/OpencodeWorkspace.ts"
import { openTerminal } from "../support/PseudoTerminal.ts"
import { withTmux } from "../support/requirements.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"

const services = Layer.mergeAll(ScriptedModel.layer, NodeServices.layer)

/** The footer of opencode's terminal UI when it is ready. */
const ready = /ctrl\+p commands/u

/** The terminal UI under `connect`, registered. */
const inTerminal = Effect.fnUntraced(function* (variables: Readonly<Record<string, string>> = {}) {
  const workspace = yield* makeWorkspace({ project: "web-shop" })
  const terminal = yield* openTerminal(connectCommand(workspace, { args: [], variables }))
  yield* terminal.screenUntil(ready)
  const [registration] = yield* registered(localRegistry(workspace), 1)
  return { workspace, terminal, registration }
})

withTmux("connect in a terminal", () => {
  it.live("leaves the terminal to opencode: it draws, takes input, and ends on Ctrl-C", () =>
    Effect.gen(function* () {
      const { workspace, registration, terminal } = yield* inTerminal()
      const client = yield* connect(yield* relayIn(workspace.home, localRegistry(workspace)))
      const { instances } = yield* client.call(ListInstances)
      assert.deepInclude(instances[0], { health: "online", directory: workspace.directory })

      yield* terminal.type("say:typed by hand")
      yield* terminal.press("Enter")
      const screen = yield* terminal.screenUntil((text) => text.split("typed by hand").length > 2)
      assert.notInclude(screen, "registered as")

      yield* terminal.press("C-c")
      assert.strictEqual(yield* terminal.exitStatus, 0)
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
      assert.deepStrictEqual(yield* running(`--port ${registration?.port}`), [])
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it.live("shows in a second terminal that watches the fleet, as it comes and goes", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({ project: "web-shop" })
      const { argv, ...rest } = connectCommand(workspace, { args: [] })
      const [node, program] = argv
      const watching = yield* openTerminal({ ...rest, argv: [node, program, "instances", "--watch"] })
      yield* watching.screenUntil(/No instance was found/u)
      const terminal = yield* openTerminal({ ...rest, argv })
      yield* watching.screenUntil(/-web-shop +online/u)
      yield* terminal.screenUntil(ready)
      yield* terminal.press("C-c")
      yield* watching.screenUntil(/No instance was found/u)
      yield* watching.press("C-c")
      assert.strictEqual(yield* watching.exitStatus, 130)
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it.live("prints nothing about an unreachable relay while opencode runs, and one line afterwards", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const command = `sh -c 'echo "no way to the relay" >&2; exit 255'`
      const { registration, terminal } = yield* inTerminal({ RELAY_SSH_CMD: command })
      // At least two attempts.
      yield* Effect.sleep("4 seconds")
      assert.notInclude(yield* terminal.screen, "no way to the relay")
      assert.include(yield* fs.readFileString(registration?.connect?.log ?? ""), "no way to the relay")
      yield* terminal.press("C-c")
      yield* terminal.exitStatus
      assert.match(yield* terminal.screen, /opencode-fleet: the relay was not connected: no way to the relay/u)
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it.live("also ends the opencode that a wrapper script has started", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const bin = yield* fs.makeTempDirectoryScoped({ prefix: "script-" })
      yield* fs.writeFileString(
        `${bin}/opencode`,
        `#!/bin/sh\nPATH=${pathWithOpencode} opencode "$@"\necho "ended with $?"\n`,
        { mode: 0o755 },
      )
      const { registration, terminal } = yield* inTerminal({ PATH: `${bin}:${pathWithOpencode}` })
      process.kill(yield* terminal.pid, "SIGTERM")
      yield* running(`--port ${registration?.port}`).pipe(eventually((all) => all.length === 0))
      yield* terminal.screenUntil((text) => !ready.test(text))
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it.live("restores the terminal when it gets a signal, and when it is killed", () =>
    Effect.gen(function* () {
      const first = yield* inTerminal()
      process.kill(yield* first.terminal.pid, "SIGTERM")
      yield* first.terminal.exitStatus
      assert.notMatch(yield* first.terminal.screen, ready)
      assert.deepStrictEqual(yield* registrations(localRegistry(first.workspace)), [])

      const second = yield* inTerminal()
      process.kill(yield* second.terminal.pid, "SIGKILL")
      yield* running(`--port ${second.registration?.port}`).pipe(eventually((all) => all.length === 0))
      yield* second.terminal.screenUntil((text) => !ready.test(text))
      assert.lengthOf(yield* registrations(localRegistry(second.workspace)), 1)
    }).pipe(Effect.scoped, Effect.provide(services)),
  )
})
