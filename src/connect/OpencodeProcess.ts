/**
 * opencode as a child process: its terminal UI, which has exclusive use of the terminal, or `opencode serve`. Both get a
 * port, because without one the terminal UI starts no HTTP server.
 */
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Effect, type PlatformError, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { constants } from "node:os"

/** There is no `opencode` on the PATH. */
export class OpencodeNotFound extends Schema.TaggedError<OpencodeNotFound>()("OpencodeNotFound", {}) {
  override get message() {
    return "opencode could not be started: there is no `opencode` on the PATH"
  }
}

/** Another program already listens on the port that opencode's own arguments name. */
export class PortTaken extends Schema.TaggedError<PortTaken>()("PortTaken", { port: Schema.Int }) {
  override get message() {
    return `opencode could not be started: port ${this.port} is taken`
  }
}

/** opencode could not be started for another reason. */
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
  /** As a shell reports it: 128 plus the signal's number if a signal ended the process. */
  readonly exitStatus: Effect.Effect<number>
  /** Sends SIGINT, like Ctrl-C. */
  readonly interrupt: Effect.Effect<void>
  /** Sends SIGTERM, and SIGKILL after 5 s. Completes when the process has ended. */
  readonly terminate: Effect.Effect<void>
}

/**
 * Returns `port` if it is free, or any free port for 0. opencode's own `--port 0` is not used because it tries 4096
 * first. A busy port is refused here because opencode's terminal UI starts on it silently, and the other program would
 * answer in its place.
 */
const freePort = (port: number) =>
  NodeSocketServer.make({ host: "127.0.0.1", port }).pipe(
    Effect.flatMap(({ address }) =>
      "port" in address ? Effect.succeed(address.port) : Effect.fail({ message: "no port is free" }),
    ),
    Effect.scoped,
    Effect.mapError(({ message }) =>
      port === 0 ? new OpencodeNotStarted({ detail: message }) : new PortTaken({ port }),
    ),
  )

/**
 * The port in opencode's own arguments (0 if there is none), and the other arguments. It is removed from them because
 * opencode ignores a repeated `--port`.
 */
const splitPort = (args: ReadonlyArray<string>): readonly [port: number, others: ReadonlyArray<string>] => {
  const at = args.findLastIndex((each) => each === "--port" || each.startsWith("--port="))
  const joined = args[at]?.startsWith("--port=") === true
  const value = joined ? args[at]?.slice("--port=".length) : args[at + 1]
  return at === -1 || value === undefined || !/^\d+$/u.test(value)
    ? [0, args]
    : [Number(value), args.toSpliced(at, joined ? 1 : 2)]
}

const notStarted = ({ reason }: PlatformError.PlatformError) =>
  reason._tag === "NotFound" ? new OpencodeNotFound() : new OpencodeNotStarted({ detail: reason.message })

/** Parses the signal from the error's text, because Node reports it nowhere else. */
const statusOfSignal = ({ reason }: PlatformError.PlatformError): number => {
  const name = /SIG[A-Z0-9]+/u.exec(String(reason.cause))?.[0]
  const number = Object.entries(constants.signals).find(([signal]) => signal === name)?.[1]
  return number === undefined ? 1 : 128 + number
}

const guardScript =
  'while read -r _; do :; done; started=$(pgrep -P "$1"); kill -TERM "$1"; sleep 1; kill -TERM $started'

/**
 * Ends opencode when this process is killed with SIGKILL, which closes the guard's stdin. It is a separate process because a
 * killed process cannot clean up.
 */
const guard = (pid: number) =>
  ChildProcess.make("/bin/sh", ["-c", guardScript, "guard", String(pid)], {
    detached: true,
    killSignal: "SIGKILL",
    stdout: "ignore",
    stderr: "ignore",
  })

/** Starts opencode in this process's directory. Closing the scope ends it. */
export const startOpencode = Effect.fnUntraced(function* (options: {
  readonly headless: boolean
  readonly args: ReadonlyArray<string>
}) {
  const [requestedPort, args] = splitPort(options.args)
  const port = yield* freePort(requestedPort)
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const process = yield* ChildProcess.make(
    "opencode",
    [...(options.headless ? ["serve"] : []), ...args, "--port", String(port)],
    {
      // The terminal UI must stay in the terminal's foreground process group. `serve` gets its own group, so that a Ctrl-C
      // reaches it once.
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
  /**
   * A wrapper script called `opencode` does not end its children, so they receive the signal, too. With `--headless` they
   * have a process group of their own, and all receive it at once.
   */
  const terminate = Effect.gen(function* () {
    const children = options.headless ? [] : yield* childrenOf(process.pid)
    yield* send("SIGTERM")
    if (children.length > 0) yield* Effect.ignore(spawner.exitCode(ChildProcess.make("kill", ["-TERM", ...children])))
    // Uninterruptible, because the end of the script interrupts the caller before its children receive the signal.
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
