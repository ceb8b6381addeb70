/** An ssh to a host in memory, which replaces every child process. It runs under `TestClock` and fails on demand. */
import { Context, Deferred, Effect, Layer, Queue, Sink, Stream } from "effect"
import type { Done } from "effect/Cause"
import { ChildProcess, ChildProcessSpawner } from "effect/process"

const bytes = (text: string) => new TextEncoder().encode(text)

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
    const stdout = yield* Queue.unbounded<Uint8Array, Done>()
    const stderr = yield* Queue.unbounded<Uint8Array, Done>()
    const ended = yield* Deferred.make<number>()
    const finish = (status: number, words?: string) => {
      if (words !== undefined) Queue.offerUnsafe(stderr, bytes(`${words}\r\n`))
      Queue.endUnsafe(stderr)
      Queue.endUnsafe(stdout)
      Deferred.doneUnsafe(ended, Effect.succeed(status))
    }
    const end = (words?: string) => {
      fake.open.delete(end)
      finish(255, words)
    }
    const request = command.args.indexOf("-O")
    if (request !== -1) {
      fake.requests.push(command.args.slice(request + 1, request + 4).join(" "))
      finish(0)
    } else {
      fake.logins++
      yield* Effect.acquireRelease(
        Effect.sync(() => fake.open.add(end)),
        () => Effect.sync(() => end()),
      )
      if (fake.refusal !== undefined) end(fake.refusal)
    }
    let mark = ""
    let last = ""
    let pending = ""
    const hear = (text: string) => {
      if (fake.frozen) return
      pending += text
      if (mark === "") {
        const [script = "", name = ""] = /[^]*^fleet (\S+); exit\n/mu.exec(pending) ?? []
        if (name === "") return
        mark = name
        pending = pending.slice(script.length)
        Queue.offerUnsafe(stdout, bytes(`Welcome!\n${mark} hello\n`))
      }
      for (; pending.startsWith("scan\n"); pending = pending.slice("scan\n".length)) {
        const report = ["report", "host laptop", ...fake.records].join("\t")
        Queue.offerUnsafe(stdout, bytes(`${mark} ${report === last ? "same" : report}\n`))
        last = report
      }
    }
    const output = (queue: typeof stdout) => Stream.fromQueue(queue)
    return ChildProcessSpawner.makeHandle({
      pid: ChildProcessSpawner.ProcessId(4711),
      exitCode: Effect.map(Deferred.await(ended), ChildProcessSpawner.ExitCode),
      isRunning: Effect.map(Deferred.isDone(ended), (done) => !done),
      kill: () => Effect.sync(() => end()),
      stdin: Sink.forEach((chunk: Uint8Array) => Effect.sync(() => hear(new TextDecoder().decode(chunk)))),
      stdout: output(stdout),
      stderr: output(stderr),
      all: Stream.merge(output(stdout), output(stderr)),
      getInputFd: () => Sink.drain,
      getOutputFd: () => Stream.empty,
      unref: Effect.succeed(Effect.void),
    })
  })
