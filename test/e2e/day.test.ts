/**
 * A day's work from the terminal alone, with opencode 1 and 2: what docs/drive-agents.md tells to type.
 * test/docs/jobs.test.ts holds the pages to this file.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { localRegistry, pathWithOpencode, registered } from "../support/connectProcess.ts"
import { relayIn } from "../support/Executable.ts"
import { eventually } from "../support/McpClients.ts"
import { environment, makeWorkspace } from "../support/OpencodeWorkspace.ts"
import { password, RealOpencode2 } from "../support/RealOpencode2.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { makeShell } from "../support/Shell.ts"

/** What each message makes the scripted model do. */
const messages = {
  "Fix the failing test": "run: echo fixed > login.txt",
  "Write an introduction": "ask: Which tone? | Formal | Friendly",
  "Update the dependencies": "slow: 600",
}

/** A laptop with the projects ~/docs and ~/api for opencode 1, and the opencode 2 `shop`, whose agent asks before it runs a command. */
const makeLaptop = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const { directory, home } = yield* makeWorkspace({ project: "home/docs" })
  const env = { ...environment(home, password), HOME: home, PATH: pathWithOpencode }
  yield* spawner.string(ChildProcess.make("git", ["clone", "--quiet", directory, "api"], { cwd: home, env }))
  const relay = yield* relayIn(home, localRegistry({ home }))
  yield* fs.makeDirectory(relay.directory, { recursive: true, mode: 0o700 })
  const shop = yield* RealOpencode2
  yield* relay.register("shop", { directory: shop.directory, port: shop.port })
  const shell = yield* makeShell({ env, instead: messages })
  return { ...shell, relay }
})

withOpencode2("a day's work", () => {
  layer(RealOpencode2.layer({ project: "shop", permission: "ask" }), { excludeTestServices: true })((it) => {
    it.effect("is done from the terminal alone", () =>
      Effect.gen(function* () {
        const { begin, relay, type } = yield* makeLaptop
        const succeed = Effect.fnUntraced(function* (line: string) {
          const { status, stderr, stdout } = yield* type(line)
          assert.strictEqual(status, 0, `${line}\n${stdout}${stderr}`)
          return { stdout, stderr }
        })

        // Three agents.
        yield* begin("cd ~/docs && opencode-fleet connect --headless")
        yield* begin("cd ~/api && opencode-fleet connect --headless")
        yield* registered(relay.directory, 3)
        const fleet = yield* type("opencode-fleet instances").pipe(
          eventually(({ stdout }) => stdout.match(/online/gu)?.length === 3),
        )
        assert.include(fleet.stdout, "shop")

        // Each gets a task.
        const { stdout: id } = yield* succeed('opencode-fleet send shop new "Fix the failing test" --async')
        assert.match(id, /^ses_\w+\n$/u)
        yield* succeed('opencode-fleet send docs new "Write an introduction" --async')
        yield* succeed('opencode-fleet send api new "Update the dependencies" --async')

        // Two of them wait for a person.
        yield* type("opencode-fleet instances").pipe(
          eventually(({ stdout }) => stdout.includes("echo fixed > login.txt") && stdout.includes("Which tone?")),
        )

        // One is approved, the other is answered.
        const approved = yield* succeed("opencode-fleet approve shop latest")
        assert.include(approved.stdout + approved.stderr, "echo fixed > login.txt")
        yield* succeed("opencode-fleet answer docs latest Friendly")
        // The third is stopped.
        yield* succeed("opencode-fleet abort api latest")

        // What was done.
        const { stdout: diff } = yield* succeed("opencode-fleet diff shop latest").pipe(
          eventually(({ stdout }) => stdout !== ""),
        )
        assert.match(diff, /^\+\+\+ .*login\.txt[^]*\n\+fixed\n/mu)
      }),
    )
  })
})
