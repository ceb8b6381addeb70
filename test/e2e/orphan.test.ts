/** A server whose client has exited although another process, here the test, still holds the other end of its stdin. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import { Writable } from "node:stream"
import { executable, makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/eventually.ts"
import { within } from "../support/patience.ts"

const server = [process.execPath, executable]
const shell = ["sh", "-c", '"$@"; true', "sh", ...server]

/** Starts a command whose stdin is the pipe of the test, and stays until it is killed. */
const client = (command: ReadonlyArray<string>) =>
  `require("child_process").spawn(${JSON.stringify(command[0])}, ${JSON.stringify(command.slice(1))},
     { stdio: [3, "inherit", "inherit"] }); setInterval(() => {}, 1000)`

/** Starts the command and exits at once. */
const launcher = (command: ReadonlyArray<string>) =>
  `require("child_process").spawn(${JSON.stringify(command[0])}, ${JSON.stringify(command.slice(1))},
     { stdio: [3, "inherit", "inherit"], detached: true }); process.exit()`

/** Runs a program in Node whose fourth descriptor becomes the stdin of the server. */
const started = Effect.fnUntraced(function* (program: string) {
  const relay = yield* makeRelay()
  const ended = yield* Deferred.make<void>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["-e", program], {
        env: relay.environment(),
        stdio: ["ignore", "pipe", "inherit", "pipe"],
      }),
    ),
    (child) =>
      Effect.sync(() => {
        child.kill("SIGKILL")
        child.stdio[3]?.destroy()
      }),
  )
  const stdin = child.stdio[3]
  assert.instanceOf(stdin, Writable)
  let stdout = ""
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  // The output closes when nothing holds it: when the server and all wrappers have ended.
  child.stdout?.on("close", () => Deferred.doneUnsafe(ended, Effect.void))
  const ping = Effect.fnUntraced(function* (id: string) {
    stdin.write(`{"jsonrpc":"2.0","id":"${id}","method":"ping"}\n`)
    yield* Effect.sync(() => stdout).pipe(eventually((text) => text.includes(`"${id}"`)))
  })
  yield* ping("started")
  return {
    ping,
    killClient: Effect.sync(() => void child.kill("SIGKILL")),
    closeStdin: Effect.sync(() => void stdin.end()),
    ended: Deferred.await(ended).pipe(within("the end of the server and all wrappers")),
  }
})

layer(NodeServices.layer, { excludeTestServices: true })("a server without a client", (it) => {
  it.effect.each([
    ["the client itself", server],
    ["a shell", shell],
    ["a shell in a shell", ["sh", "-c", '"$@"; true', "sh", ...shell]],
  ] as const)("ends if it was started by %s", ([, command]) =>
    Effect.gen(function* () {
      const { ended, killClient } = yield* started(client(command))
      yield* killClient
      yield* ended
    }),
  )

  it.effect("stays if its launcher exited at once, until stdin is closed", () =>
    Effect.gen(function* () {
      const launched = yield* started(launcher(server))
      // An orphan that starts later and ends shows that enough time has passed.
      const orphan = yield* started(client(server))
      yield* orphan.killClient
      yield* orphan.ended
      yield* launched.ping("still here")
      yield* launched.closeStdin
      yield* launched.ended
    }),
  )
})
