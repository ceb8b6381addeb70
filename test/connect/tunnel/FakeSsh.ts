/**
 * An ssh to a relay in memory, which replaces every child process. It runs under `TestClock` and fails on demand.
 * `relayScript.test.ts` tests the relay's script in real shells.
 */
import { Clock, Context, Effect, FileSystem, Layer, Path } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { makeFakeProcess, scriptReader } from "../../support/fakeProcess.ts"

interface Connection {
  readonly exit: (status: number, ...words: ReadonlyArray<string>) => void
}

class FakeSshState {
  /** The arguments and the time (milliseconds) of each connection. */
  readonly tries: Array<{ readonly at: number; readonly args: ReadonlyArray<string> }> = []
  /** The arguments of each request to an open connection. */
  readonly requests: Array<ReadonlyArray<string>> = []
  /** The open connections. */
  readonly connections = new Set<Connection>()
  /** The registrations on the relay: JSON by file name. */
  readonly files = new Map<string, string>()
  /** All lines sent to the relay, without the script. */
  readonly heard: Array<string> = []
  /** What ssh prints if it cannot connect. */
  refusal: string | undefined
  /** Whether the connection can be asked for a tunnel. */
  isShared = true
  /** What ssh prints instead of a port when it is asked for a tunnel. */
  forwardRefusal: string | undefined
  /** Where the tunnel's end listens. */
  listensAt = "private"
  /** Whether the shell prints nothing. */
  mute = false
  /** Whether the relay answers nothing from now on. */
  frozen = false
  /** The HTTP status that a ping gets through the tunnel. */
  pingStatus = "200"
  /** Why the relay refuses a registration. */
  putRefusal: string | undefined
  private lastPort = 40_000

  /** What ssh prints when an open connection is asked for a tunnel. */
  forward() {
    if (!this.isShared) return "Control socket connect(/sockets/relay): No such file or directory\r\n"
    return this.forwardRefusal === undefined ? `${++this.lastPort}\n` : `${this.forwardRefusal}\r\n`
  }

  /** Ends every connection; ssh prints these lines. */
  drop(...lines: ReadonlyArray<string>) {
    for (const { exit } of this.connections) exit(255, ...lines)
  }

  answer(verb: string, take: () => string): string | undefined {
    switch (verb) {
      case "where":
        take()
        return this.listensAt
      case "put": {
        const [, file, , , json] = [take(), take(), take(), take(), take()] as const
        if (this.putRefusal !== undefined) return `failed ${this.putRefusal}`
        this.files.set(file, json)
        return `put /relay/${file}`
      }
      case "ping":
        return this.files.size === 0 ? "pong gone" : `pong ${this.pingStatus}`
      case "bye":
        this.files.clear()
        return "bye"
      default:
        return undefined
    }
  }
}

export class FakeSsh extends Context.Service<FakeSsh, FakeSshState>()("opencode-fleet/test/FakeSsh") {
  /** Beside a file system of the test's own. */
  static readonly layerNoDeps = Layer.effect(
    ChildProcessSpawner.ChildProcessSpawner,
    Effect.map(FakeSsh, (fake) => ChildProcessSpawner.make(spawn(fake))),
  ).pipe(Layer.provideMerge(Layer.sync(FakeSsh, () => new FakeSshState())))

  /** With a file system that has a place for sockets, and nothing else. */
  static readonly layer = FakeSsh.layerNoDeps.pipe(
    Layer.provideMerge(FileSystem.layerNoop({ makeTempDirectoryScoped: () => Effect.succeed("/sockets") })),
    Layer.provideMerge(Path.layer),
  )
}

const spawn = (fake: FakeSshState) =>
  Effect.fnUntraced(function* (command: ChildProcess.Command) {
    if (!ChildProcess.isStandardCommand(command)) return yield* Effect.die(new Error("expected a single command"))
    if (command.args.includes("-O")) {
      fake.requests.push(command.args.map(String))
      const { exit, handle, print } = yield* makeFakeProcess
      print(fake.forward())
      exit(0)
      return handle(
        () => {},
        () => {},
      )
    }
    fake.tries.push({ at: yield* Clock.currentTimeMillis, args: command.args.map(String) })
    const { exit, handle, print, printError } = yield* makeFakeProcess
    const connection: Connection = {
      exit: (status, ...words) => {
        for (const word of words) printError(`${word}\r\n`)
        exit(status)
        fake.connections.delete(connection)
      },
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => fake.connections.add(connection)),
      () => Effect.sync(() => connection.exit(143)),
    )
    if (fake.refusal !== undefined) connection.exit(255, fake.refusal)

    const reader = scriptReader()
    const hear = (text: string) => {
      if (fake.frozen || fake.mute) return
      const mark = reader.hear(text)
      if (mark !== undefined) print(`Welcome!\nfleet-0 hello\n${mark} hello\n`)
      const lines = reader.takeLines()
      fake.heard.push(...lines)
      while (lines.length > 0) {
        const answer = fake.answer(lines.shift() ?? "", () => lines.shift() ?? "")
        if (answer !== undefined) print(`${reader.mark()} ${answer}\n`)
        if (answer === "bye") connection.exit(0)
      }
    }
    return handle(hear, () => connection.exit(143))
  })
