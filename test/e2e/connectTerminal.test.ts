/** opencode's terminal UI under `opencode-fleet connect`, in a real terminal. */
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import {
  connectCommand,
  localRegistry,
  pathWithOpencode,
  registered,
  registrations,
  running,
} from "../support/connectProcess.ts"
import { eventually } from "../support/eventually.ts"
import { makeWorkspace, type Workspace } from "../support/OpencodeWorkspace.ts"
import { openTerminal } from "../support/PseudoTerminal.ts"
import { withTmux } from "../support/requirements.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"

const services = Layer.mergeAll(ScriptedModel.layer, NodeServices.layer)

/** The footer of opencode's terminal UI when it is ready. */
const ready = /ctrl\+p commands/u

/** The terminal UI under `connect`, registered. */
const inTerminal = Effect.fnUntraced(function* (
  workspace: Workspace,
  variables: Readonly<Record<string, string>> = {},
) {
  const terminal = yield* openTerminal(connectCommand(workspace, { args: [], variables }))
  yield* terminal.screenUntil(ready)
  const [registration] = yield* registered(localRegistry(workspace), 1)
  return { terminal, registration }
})

withTmux("connect in a terminal", () => {
  it.live("leaves the terminal to opencode: it draws, takes input, ends on Ctrl-C, and is in the fleet meanwhile", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({ project: "web-shop" })
      const { argv, ...rest } = connectCommand(workspace, { args: [] })
      const [node, program] = argv
      const watching = yield* openTerminal({ ...rest, argv: [node, program, "instances", "--watch"] })
      yield* watching.screenUntil(/No instance was found/u)

      const { registration, terminal } = yield* inTerminal(workspace)
      yield* watching.screenUntil(/-web-shop +(?:online|idle)/u)
      yield* terminal.type("say:typed by hand")
      yield* terminal.press("Enter")
      const screen = yield* terminal.screenUntil((text) => text.split("typed by hand").length > 2)
      assert.notInclude(screen, "registered as")

      yield* terminal.press("C-c")
      assert.strictEqual(yield* terminal.exitStatus, 0)
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
      assert.deepStrictEqual(yield* running(`--port ${registration?.port}`), [])
      yield* watching.screenUntil(/No instance was found/u)
      yield* watching.press("C-c")
      assert.strictEqual(yield* watching.exitStatus, 130)
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it.live("prints nothing about an unreachable relay while opencode runs; a signal restores the terminal for it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const command = `sh -c 'echo "no way to the relay" >&2; exit 255'`
      const workspace = yield* makeWorkspace({})
      const { registration, terminal } = yield* inTerminal(workspace, {
        RELAY_SSH_CMD: command,
        OPENCODE_SERVER_PASSWORD: "hunter2",
      })
      yield* fs
        .readFileString(registration?.connect?.log ?? "")
        .pipe(eventually((log) => log.includes("no way to the relay")))
      const screen = yield* terminal.screen
      assert.notInclude(screen, "no way to the relay")
      assert.match(screen, ready)
      process.kill(yield* terminal.pid, "SIGTERM")
      yield* terminal.exitStatus
      const restored = yield* terminal.screen
      assert.notMatch(restored, ready)
      assert.match(restored, /opencode-fleet: the relay was not connected: no way to the relay/u)
      assert.deepStrictEqual(yield* registrations(localRegistry(workspace)), [])
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
      const { registration, terminal } = yield* inTerminal(yield* makeWorkspace({}), {
        PATH: `${bin}:${pathWithOpencode}`,
      })
      process.kill(yield* terminal.pid, "SIGTERM")
      yield* running(`--port ${registration?.port}`).pipe(eventually((all) => all.length === 0))
      yield* terminal.screenUntil((text) => !ready.test(text))
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it.live("restores the terminal when it is killed", () =>
    Effect.gen(function* () {
      const workspace = yield* makeWorkspace({})
      const { registration, terminal } = yield* inTerminal(workspace)
      process.kill(yield* terminal.pid, "SIGKILL")
      yield* running(`--port ${registration?.port}`).pipe(eventually((all) => all.length === 0))
      yield* terminal.screenUntil((text) => !ready.test(text))
      assert.lengthOf(yield* registrations(localRegistry(workspace)), 1)
    }).pipe(Effect.scoped, Effect.provide(services)),
  )
})
