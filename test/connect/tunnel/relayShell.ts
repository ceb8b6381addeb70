/** A shell of this machine that runs the relay's script, with a home of its own, and what one says to it through pipes. */
import { Effect, FileSystem, Queue, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { Done } from "effect/Cause"
import { relayScript } from "../../../src/connect/tunnel/relayScript.ts"
import { find } from "../../support/requirements.ts"

type Command = readonly [string, ...ReadonlyArray<string>]

/** Every shell that may be the `sh` of some system. */
const known: ReadonlyArray<Command> = [
  ["sh"],
  ["dash"],
  ["bash"],
  ["bash", "--posix"],
  ["busybox", "sh"],
  ["ksh"],
  ["mksh"],
  ["zsh", "--emulate", "sh"],
]

/** Those that are on this machine; `sh` is on each. */
export const shells: ReadonlyArray<readonly [string, Command]> = known
  .filter(([program]) => find(program) !== undefined)
  .map((command) => [command.join(" "), command])

const mark = "fleet-test1"

export interface Options {
  readonly shell?: Command
  readonly env?: Readonly<Record<string, string>>
  /** Lines that run before the script, as those of somebody's login do. */
  readonly before?: string
  /** Sends what is sent in pieces of so many bytes. */
  readonly pieces?: number
}

/** A home for it, with nothing in it. */
export const makeHome = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "relay's $(home) " }), fs.realPath),
)

/** Starts it, and waits until it listens. */
export const startShell = Effect.fnUntraced(function* (
  home: string,
  { before = "", env, pieces, shell: [program, ...args] = ["sh"] }: Options = {},
) {
  const outgoing = yield* Queue.unbounded<Uint8Array, Done>()
  const handle = yield* ChildProcess.make(find(program) ?? program, args, {
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, ...env },
    extendEnv: false,
    stdin: Stream.fromQueue(outgoing),
    stderr: "ignore",
  })
  const answers = yield* Queue.unbounded<string>()
  yield* handle.stdout.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((text) => text.startsWith(`${mark} `)),
    Stream.runForEach((text) => Queue.offer(answers, text.slice(mark.length + 1))),
    Effect.forkScoped,
  )
  const send = (text: string) => {
    const bytes = new TextEncoder().encode(text)
    const size = pieces ?? bytes.length
    return Effect.forEach(
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)),
      (piece) => Effect.andThen(Queue.offer(outgoing, piece), pieces === undefined ? Effect.void : Effect.yieldNow),
      { discard: true },
    )
  }
  const answer = Queue.take(answers).pipe(Effect.timeout("10 seconds"))
  const ask = (...lines: ReadonlyArray<string>) =>
    Effect.andThen(send(lines.map((line) => `${line}\n`).join("")), answer)
  yield* send(`${before}${relayScript(mark)}`)
  const greeting = yield* answer
  return {
    greeting,
    ask,
    put: (json: string, { directory = "", file = "api.json", port = 4096 } = {}) =>
      ask("put", directory, file, String(port), json),
    /** Its stdin ends; done when it has ended, with its exit status. */
    hangUp: Effect.andThen(Queue.end(outgoing), Effect.map(handle.exitCode, Number)),
    exitStatus: Effect.map(handle.exitCode, Number),
  }
})
