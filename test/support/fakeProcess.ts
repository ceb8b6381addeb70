/** A child process in memory, for fakes of programs such as ssh. */
import { Deferred, Effect, Queue, Sink, Stream } from "effect"
import type { Done } from "effect/Cause"
import { ChildProcessSpawner } from "effect/process"

const bytes = (text: string) => new TextEncoder().encode(text)

/** A running process. Its `handle` passes on what is written to stdin, and that it is killed; neither ends it by itself. */
export const makeFakeProcess = Effect.gen(function* () {
  const stdout = yield* Queue.unbounded<Uint8Array, Done>()
  const stderr = yield* Queue.unbounded<Uint8Array, Done>()
  const ended = yield* Deferred.make<number>()
  const output = (queue: typeof stdout) => Stream.fromQueue(queue)
  return {
    print: (text: string) => Queue.offerUnsafe(stdout, bytes(text)),
    printError: (text: string) => Queue.offerUnsafe(stderr, bytes(text)),
    exit: (status: number) => {
      Queue.endUnsafe(stderr)
      Queue.endUnsafe(stdout)
      Deferred.doneUnsafe(ended, Effect.succeed(status))
    },
    handle: (hear: (text: string) => void, onKill: () => void) => {
      const decoder = new TextDecoder()
      return ChildProcessSpawner.makeHandle({
        pid: ChildProcessSpawner.ProcessId(4711),
        exitCode: Effect.map(Deferred.await(ended), ChildProcessSpawner.ExitCode),
        isRunning: Effect.map(Deferred.isDone(ended), (done) => !done),
        kill: () => Effect.sync(onKill),
        stdin: Sink.forEach((chunk: Uint8Array) => Effect.sync(() => hear(decoder.decode(chunk, { stream: true })))),
        stdout: output(stdout),
        stderr: output(stderr),
        all: Stream.merge(output(stdout), output(stderr)),
        getInputFd: () => Sink.drain,
        getOutputFd: () => Stream.empty,
        unref: Effect.succeed(Effect.void),
      })
    },
  }
})

/** Reads a script of ours from stdin, and then the lines that are sent to it. */
export const scriptReader = () => {
  let mark = ""
  let pending = ""
  return {
    /** Adds text. Returns the script's mark when its end has just been read. */
    hear: (text: string): string | undefined => {
      pending += text
      if (mark !== "") return undefined
      const [script = "", name = ""] = /[^]*^fleet (\S+); exit\n/mu.exec(pending) ?? []
      if (name === "") return undefined
      mark = name
      pending = pending.slice(script.length)
      return mark
    },
    /** The mark; empty before the script's end. */
    mark: () => mark,
    /** The complete lines after the script that have not been taken yet. */
    takeLines: (): Array<string> => {
      if (mark === "") return []
      const lines = pending.split("\n")
      pending = lines.pop() ?? ""
      return lines
    },
  }
}
