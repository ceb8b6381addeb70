/** An ssh to a host in memory, which replaces every child process. It runs under `TestClock` and fails on demand. */
import { Context, Effect, Layer } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { makeFakeProcess, scriptReader } from "../../support/fakeProcess.ts"

class FakeHostState {
  /** The records of the report. */
  records: ReadonlyArray<string> = []
  /** What ssh prints if it cannot connect. */
  refusal: string | undefined
  /** Whether the host answers nothing from now on. */
  frozen = false
  /** How often a connection was opened. */
  logins = 0
  /** The forwardings that were asked for, and those that were cancelled. */
  readonly requests: Array<string> = []
  readonly open = new Set<(words?: string) => void>()

  /** Ends every connection; ssh prints these words. */
  drop(words: string) {
    for (const end of this.open) end(words)
  }
}

export class FakeHost extends Context.Service<FakeHost, FakeHostState>()("opencode-fleet/test/FakeHost") {
  static readonly layer = Layer.effect(
    ChildProcessSpawner.ChildProcessSpawner,
    Effect.map(FakeHost, (fake) => ChildProcessSpawner.make(spawn(fake))),
  ).pipe(Layer.provideMerge(Layer.sync(FakeHost, () => new FakeHostState())))
}

const spawn = (fake: FakeHostState) =>
  Effect.fnUntraced(function* (command: ChildProcess.Command) {
    if (!ChildProcess.isStandardCommand(command)) return yield* Effect.die(new Error("expected a single command"))
    const { exit, handle, print, printError } = yield* makeFakeProcess
    const end = (words?: string) => {
      fake.open.delete(end)
      if (words !== undefined) printError(`${words}\r\n`)
      exit(255)
    }
    const request = command.args.indexOf("-O")
    if (request !== -1) {
      fake.requests.push(command.args.slice(request + 1, request + 4).join(" "))
      exit(0)
    } else {
      fake.logins++
      yield* Effect.acquireRelease(
        Effect.sync(() => fake.open.add(end)),
        () => Effect.sync(() => end()),
      )
      if (fake.refusal !== undefined) end(fake.refusal)
    }
    const reader = scriptReader()
    let last = ""
    const hear = (text: string) => {
      if (fake.frozen) return
      const mark = reader.hear(text)
      if (mark !== undefined) print(`Welcome!\n${mark} hello\n`)
      for (const line of reader.takeLines()) {
        if (line !== "scan") throw new Error(`expected scan, not ${line}`)
        const report = ["report", "host laptop", ...fake.records].join("\t")
        print(`${reader.mark()} ${report === last ? "same" : report}\n`)
        last = report
      }
    }
    return handle(hear, () => end())
  })
