/**
 * opencode as a child process: its terminal UI, which gets the terminal wholly to itself, or `opencode serve`. Both are
 * given a port, for without one the terminal UI has no HTTP server at all.
 */
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Effect, type PlatformError, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { constants } from "node:os"

/** opencode could not be started. */
export class OpencodeNotStarted extends Schema.TaggedError<OpencodeNotStarted>()("OpencodeNotStarted", {
  detail: Schema.String,
}) {
  override get message() {
    return `opencode could not be started: ${this.detail}`
  }
}

export interface OpencodeProcess {
  readonly port: number
  readonly pid: number
  /** As a shell shows it: 128 and the signal's number, if a signal has ended it. */
  readonly exitStatus: Effect.Effect<number>
  /** Sends SIGINT, as a Ctrl-C does. */
  readonly interrupt: Effect.Effect<void>
  /** Sends SIGTERM, after 5 s SIGKILL, and is done when it has ended. */
  readonly terminate: Effect.Effect<void>
}

/**
 * The port, if it is free, or any free one for 0. opencode's own `--port 0` tries 4096 first, which may be anybody's next;
 * and its terminal UI starts without a word on a port that is taken, so that another one would answer there.
 */
const freePort = (port: number) =>
  NodeSocketServer.make({ host: "127.0.0.1", port }).pipe(
    Effect.flatMap(({ address }) =>
      "port" in address ? Effect.succeed(address.port) : Effect.fail({ message: "there is no free port" }),
    ),
    Effect.scoped,
    Effect.mapError(
      ({ message }) =>
        new OpencodeNotStarted({
          detail:
            port === 0 ? message : `port ${port} is taken; --attach ${port} registers an opencode that runs there`,
        }),
    ),
  )

/** The port that somebody asks for in opencode's own arguments, or 0, and the others: given twice, opencode takes neither. */
const withoutPort = (args: ReadonlyArray<string>): readonly [port: number, others: ReadonlyArray<string>] => {
  const at = args.findLastIndex((each) => each === "--port" || each.startsWith("--port="))
  const joined = args[at]?.startsWith("--port=") === true
  const value = joined ? args[at]?.slice("--port=".length) : args[at + 1]
  return at === -1 || value === undefined || !/^\d+$/u.test(value)
    ? [0, args]
    : [Number(value), args.toSpliced(at, joined ? 1 : 2)]
}

const notStarted = ({ reason }: PlatformError.PlatformError) =>
  new OpencodeNotStarted({
    detail:
      reason._tag === "NotFound"
        ? "there is no `opencode` on the PATH. Install it (https://opencode.ai), or register one that runs with --attach"
        : reason.message,
  })

/** Node tells the signal in words only. */
const statusOfSignal = ({ reason }: PlatformError.PlatformError): number => {
  const name = /SIG[A-Z0-9]+/u.exec(String(reason.cause))?.[0]
  const number = Object.entries(constants.signals).find(([signal]) => signal === name)?.[1]
  return number === undefined ? 1 : 128 + number
}

const guarding = 'while read -r _; do :; done; started=$(pgrep -P "$1"); kill -TERM "$1"; sleep 1; kill -TERM $started'

/**
 * Ends opencode when this process is gone without a word (SIGKILL): then its pipe is closed. A shell, for whoever is
 * killed that way cannot act any more.
 */
const guard = (pid: number) =>
  ChildProcess.make("/bin/sh", ["-c", guarding, "guard", String(pid)], {
    detached: true,
    killSignal: "SIGKILL",
    stdout: "ignore",
    stderr: "ignore",
  })

/** Starts opencode in this process's directory; the end of the scope ends it. */
export const startOpencode = Effect.fnUntraced(function* (options: {
  readonly headless: boolean
  readonly args: ReadonlyArray<string>
}) {
  const [asked, others] = withoutPort(options.args)
  const port = yield* freePort(asked)
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const process = yield* ChildProcess.make(
    "opencode",
    [...(options.headless ? ["serve"] : []), ...others, "--port", String(port)],
    {
      // The terminal UI has to stay in the terminal's foreground group. `serve` does not, so that a Ctrl-C reaches it once.
      detached: options.headless,
      stdin: options.headless ? "ignore" : "inherit",
      stdout: "inherit",
      stderr: "inherit",
      forceKillAfter: "5 seconds",
    },
  ).pipe(Effect.mapError(notStarted))
  yield* Effect.ignore(guard(process.pid))
  const send = (signal: "SIGINT" | "SIGTERM") =>
    Effect.ignore(process.kill({ killSignal: signal, forceKillAfter: "5 seconds" }))
  const childrenOf = (pid: number) =>
    spawner.lines(ChildProcess.make("pgrep", ["-P", String(pid)])).pipe(Effect.orElseSucceed(() => []))
  /** A script called `opencode` leaves what it has started behind. In a group of their own all are reached at once. */
  const terminate = Effect.gen(function* () {
    const children = options.headless ? [] : yield* childrenOf(process.pid)
    yield* send("SIGTERM")
    if (children.length > 0) yield* Effect.ignore(spawner.exitCode(ChildProcess.make("kill", ["-TERM", ...children])))
    // Whoever waits for the end of the script would cut this off.
  }).pipe(Effect.uninterruptible)
  return {
    port,
    pid: process.pid,
    exitStatus: process.exitCode.pipe(
      Effect.map(Number),
      Effect.catch((error) => Effect.succeed(statusOfSignal(error))),
    ),
    interrupt: send("SIGINT"),
    terminate,
  } satisfies OpencodeProcess as OpencodeProcess
})
