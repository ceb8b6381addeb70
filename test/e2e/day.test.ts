/**
 * A day's work from the terminal alone, with opencode 1 and 2: what docs/drive-agents.md and docs/be-told.md tell to type.
 * test/docs/jobs.test.ts holds the pages to this file.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { localRegistry, pathWithOpencode, registered } from "../support/connectProcess.ts"
import { compileCache, relayIn } from "../support/Executable.ts"
import { listen } from "../support/loopback.ts"
import { eventually } from "../support/eventually.ts"
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

/** A topic's server that records what is published. */
const ntfyServer = Effect.gen(function* () {
  const published: Array<string> = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      published.push(body)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  const port = yield* Effect.acquireRelease(listen(server), () => Effect.sync(() => server.close()))
  return { published, url: `http://127.0.0.1:${port}` }
})

/** A laptop with the projects ~/docs and ~/api for opencode 1, and the opencode 2 `shop`, whose agent asks before it runs a command. */
const makeLaptop = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const { directory, home } = yield* makeWorkspace({ project: "home/docs" })
  const env = {
    ...environment(home, password),
    HOME: home,
    PATH: pathWithOpencode,
    NODE_COMPILE_CACHE: compileCache,
  }
  yield* spawner.string(ChildProcess.make("git", ["clone", "--quiet", directory, "api"], { cwd: home, env }))
  const relay = yield* relayIn(home, localRegistry({ home }))
  yield* fs.makeDirectory(relay.directory, { recursive: true, mode: 0o700 })
  const shop = yield* RealOpencode2
  yield* relay.register("shop", { directory: shop.directory, port: shop.port })
  const ntfy = yield* ntfyServer
  const shell = yield* makeShell({ env, instead: { ...messages, "https://ntfy.sh": ntfy.url } })
  const told = fs.readFileString(`${home}/told.txt`).pipe(
    Effect.orElseSucceed(() => ""),
    Effect.map((text) => text.split("\n").slice(0, -1)),
  )
  return { ...shell, relay, told, published: ntfy.published }
})

const shop = RealOpencode2.layer({ project: "shop", permission: "ask", snapshots: true })

withOpencode2("a day's work", () => {
  layer(shop, { excludeTestServices: true })((it) => {
    it.effect("is done from the terminal alone", () =>
      Effect.gen(function* () {
        const { begin, published, relay, told, type } = yield* makeLaptop
        const succeed = Effect.fnUntraced(function* (line: string) {
          const { status, stderr, stdout } = yield* type(line)
          assert.strictEqual(status, 0, `${line}\n${stdout}${stderr}`)
          return { stdout, stderr }
        })

        // Three agents.
        yield* begin("cd ~/docs && opencode-fleet connect --headless")
        // The first opencode of a home creates its database.
        yield* registered(relay.directory, 2)
        yield* begin("cd ~/api && opencode-fleet connect --headless")
        yield* registered(relay.directory, 3)
        const notify = yield* begin(
          `opencode-fleet notify --on waiting,done --exec 'echo "$OPENCODE_FLEET_TITLE: $OPENCODE_FLEET_COMMAND" >> ~/told.txt'`,
        )
        yield* begin("opencode-fleet notify --ntfy https://ntfy.sh/agents-7f3k9 --on waiting,failed,gone")
        const fleet = yield* type("opencode-fleet instances").pipe(
          eventually(({ stdout }) => stdout.match(/ (?:online|idle) /gu)?.length === 3),
        )
        assert.include(fleet.stdout, "shop")

        // Each gets a task.
        const { stdout: id } = yield* succeed('opencode-fleet send shop new "Fix the failing test" --async')
        assert.match(id, /^ses_\w+\n$/u)
        yield* succeed('opencode-fleet send docs new "Write an introduction" --async')
        yield* succeed('opencode-fleet send api new "Update the dependencies" --async')

        // Two of them wait for a person, who is told what to type.
        const waiting = (yield* told.pipe(eventually((all) => all.length === 2))).join("\n")
        assert.match(waiting, /^\S*docs waits for you.*: opencode-fleet answer \S*docs ses_\w+$/mu)
        const command = `opencode-fleet approve shop ${id.trim()}`
        assert.include(waiting, command)
        assert.include((yield* succeed("opencode-fleet instances")).stdout, "echo fixed > login.txt")
        yield* Effect.sync(() => published.join("\n")).pipe(
          eventually((all) => all.includes(command) && all.includes("echo fixed > login.txt")),
        )

        // One is approved, the other is followed and answered.
        const following = yield* begin("opencode-fleet read docs latest --follow")
        yield* following.until(/Which tone\?/u)
        const approved = yield* succeed("opencode-fleet approve shop latest --yes")
        assert.include(approved.stdout + approved.stderr, "echo fixed > login.txt")
        yield* succeed("opencode-fleet answer docs latest Friendly")
        yield* following.until(/Done: [^]*Friendly/u)
        yield* following.stop
        assert.strictEqual((yield* following.ended).status, 130)

        // The third is stopped.
        yield* succeed("opencode-fleet abort api latest")

        // What was done.
        yield* succeed("opencode-fleet wait shop/latest docs/latest")
        const read = yield* succeed("opencode-fleet read shop latest")
        assert.match(read.stdout, /echo fixed > login\.txt[^]*Done:/u)
        const { stdout: diff } = yield* succeed("opencode-fleet diff shop latest")
        assert.match(diff, /^\+\+\+ .*login\.txt[^]*\n\+fixed\n/mu)
        yield* told.pipe(eventually((all) => all.filter((line) => line.includes("is done")).length === 2))
        assert.lengthOf(yield* told, 4)
        yield* notify.stop
        assert.strictEqual((yield* notify.ended).status, 130)

        // Several get the same message, or none does if one of the places is wrong.
        const wrong = yield* type('opencode-fleet send --to shop --to nope "Thank you"')
        assert.strictEqual(wrong.status, 1)
        assert.match(wrong.stderr, /Nothing was sent\.\n {2}nope\/latest: There is no instance "nope"/u)
        const both = yield* succeed('opencode-fleet send --to shop/latest --to docs/latest "Thank you"')
        assert.lengthOf(both.stdout.match(/^completed {2}\S+\/ses_\w+ .*Echo: Thank you/gmu) ?? [], 2, both.stdout)
        const idle = yield* succeed('opencode-fleet send --all-idle --yes "Good night"')
        assert.lengthOf(idle.stdout.match(/^completed {2}\S+\/ses_\w+ .*Echo: Good night/gmu) ?? [], 3, idle.stdout)
      }),
    )
  })
})
