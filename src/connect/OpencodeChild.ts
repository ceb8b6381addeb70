/** A child process of the program `opencode`, which ends with this process. */
import { Effect, type PlatformError, type Redacted, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { constants } from "node:os"
import { failureText } from "../machine/fileError.ts"

/** There is no `opencode` on the PATH. */
export class OpencodeNotFound extends Schema.TaggedError<OpencodeNotFound>()("OpencodeNotFound", {}) {
  override get message() {
    return "opencode could not be started: there is no `opencode` on the PATH"
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

export interface OpencodeChild {
  readonly pid: number
  /** As a shell reports it: 128 plus the signal's number if a signal ended the process. */
  readonly exitStatus: Effect.Effect<number>
  /** Sends SIGINT, like Ctrl-C. */
  readonly interrupt: Effect.Effect<void>
  /** Sends SIGTERM, and SIGKILL after 5 s. Completes when the process has ended. */
  readonly terminate: Effect.Effect<void>
}

export interface ChildOptions {
  /** Whether it has no terminal: it then gets a process group of its own, so that a Ctrl-C reaches it once. */
  readonly headless: boolean
  readonly args: ReadonlyArray<string>
  /** Changes to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | Redacted.Redacted | undefined>>
}

export const notStarted = (error: PlatformError.PlatformError) =>
  error.reason._tag === "NotFound" ? new OpencodeNotFound() : new OpencodeNotStarted({ detail: failureText(error) })

/** Parses the signal from the error's text, because Node reports it nowhere else. */
const statusOfSignal = ({ reason }: PlatformError.PlatformError): number => {
  const name = /SIG[A-Z0-9]+/u.exec(String(reason.cause))?.[0]
  const number = Object.entries(constants.signals).find(([signal]) => signal === name)?.[1]
  return number === undefined ? 1 : 128 + number
}

/**
 * Prints the children of a process, which a wrapper script called `opencode` does not end. The background service of
 * opencode 2 is not among them: a terminal UI starts it as its child, but it serves all of the user's programs.
 */
const childrenScript =
  'for child in $(pgrep -P "$1"); do case "$(ps -o args= -p "$child") " in *" serve --service "*) ;; *) echo "$child" ;; esac; done'

const guardScript = `children() { ${childrenScript}; }; while read -r _; do :; done; started=$(children "$1"); kill -TERM "$1"; sleep 1; kill -TERM $started`

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
export const startChild = Effect.fnUntraced(function* ({ args, env, headless }: ChildOptions) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const process = yield* ChildProcess.make("opencode", args, {
    // The terminal UI must stay in the terminal's foreground process group.
    detached: headless,
    stdin: headless ? "ignore" : "inherit",
    stdout: "inherit",
    stderr: "inherit",
    forceKillAfter: "5 seconds",
    extendEnv: true,
    ...(env === undefined ? {} : { env }),
  }).pipe(Effect.mapError(notStarted))
  yield* Effect.ignore(guard(process.pid))
  const send = (signal: "SIGINT" | "SIGTERM") =>
    Effect.ignore(process.kill({ killSignal: signal, forceKillAfter: "5 seconds" }))
  const childrenOf = (pid: number) =>
    spawner
      .lines(ChildProcess.make("/bin/sh", ["-c", childrenScript, "children", String(pid)]))
      .pipe(Effect.orElseSucceed(() => []))
  /** With `headless`, the children are in the process group, and all receive the signal at once. */
  const terminate = Effect.gen(function* () {
    const children = headless ? [] : yield* childrenOf(process.pid)
    yield* send("SIGTERM")
    if (children.length > 0) yield* Effect.ignore(spawner.exitCode(ChildProcess.make("kill", ["-TERM", ...children])))
    // Uninterruptible, because the end of the script interrupts the caller before its children receive the signal.
  }).pipe(Effect.uninterruptible)
  return {
    pid: process.pid,
    exitStatus: process.exitCode.pipe(
      Effect.map(Number),
      Effect.catch((error) => Effect.succeed(statusOfSignal(error))),
    ),
    interrupt: send("SIGINT"),
    terminate,
  } satisfies OpencodeChild as OpencodeChild
})
