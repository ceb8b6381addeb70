/** A shell of this machine that runs the relay's script with a home of its own; the test talks to it through pipes. */
import { Effect, FileSystem, Queue, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { Done } from "effect/Cause"
import { relayScript } from "../../../src/connect/tunnel/relayScript.ts"
import { find } from "../../support/requirements.ts"
import { within } from "../../support/patience.ts"

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

/** The installed ones; `sh` is on every machine. */
export const shells: ReadonlyArray<readonly [string, Command]> = known
  .filter(([program]) => find(program) !== undefined)
  .map((command) => [command.join(" "), command])

const mark = "fleet-test1"

export interface Options {
  readonly shell?: Command
  readonly env?: Readonly<Record<string, string>>
  /** Lines that run before the script, like a login script. */
  readonly before?: string
  /** Splits the input into pieces of this many bytes. */
  readonly pieceSize?: number
}

/** An empty home. */
export const makeHome = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "relay's $(home) " }), fs.realPath),
)

/** Starts the shell and waits until the script is ready. */
export const startShell = Effect.fnUntraced(function* (
  home: string,
  { before = "", env, pieceSize, shell: [program, ...args] = ["sh"] }: Options = {},
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
    const size = pieceSize ?? bytes.length
    return Effect.forEach(
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)),
      (piece) => Effect.andThen(Queue.offer(outgoing, piece), pieceSize === undefined ? Effect.void : Effect.yieldNow),
      { discard: true },
    )
  }
  const answer = Queue.take(answers).pipe(within("an answer of the script"))
  const ask = (...lines: ReadonlyArray<string>) =>
    Effect.andThen(send(lines.map((line) => `${line}\n`).join("")), answer)
  yield* send(`${before}${relayScript(mark)}`)
  const greeting = yield* answer
  return {
    greeting,
    ask,
    put: (json: string, { directory = "", file = "api.json", port = 4096, route = "/global/health" } = {}) =>
      ask("put", directory, file, String(port), route, json),
    /** Closes its stdin and returns its exit status. */
    hangUp: Effect.andThen(Queue.end(outgoing), Effect.map(handle.exitCode, Number)),
    exitStatus: Effect.map(handle.exitCode, Number),
  }
})
