/** A program in a terminal, as a person sees it: tmux draws the screen and passes on what is typed. */
import { type Duration, Effect, FileSystem, Path, Schedule, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { descendants, killAll, signal, startedWith } from "./processes.ts"
import { find } from "./requirements.ts"
import { patience } from "./patience.ts"

/** tmux failed, or the expected text did not appear; `screen` is the actual screen. */
export class TerminalError extends Schema.TaggedError<TerminalError>()("TerminalError", {
  reason: Schema.String,
  screen: Schema.String,
}) {
  override get message() {
    return `${this.reason}\n${this.screen}`
  }
}

export interface Options {
  /** The program and its arguments, without a shell. */
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  /** The whole environment, to which tmux and a shell add a few variables of their own, such as TERM. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

const configuration = `set -g status off
set -g escape-time 0
`

/**
 * Runs the program like a shell, and reports its status in the terminal's title after all of its output. The terminal stays
 * open, because tmux sometimes misses the end of a program or its last output.
 */
const runner = String.raw`trap : HUP INT QUIT TERM
"$@"
printf '\033]2;ended %s\033\\' $?
exec sleep 1000000`

/** Starts the program. Closing the scope ends it and all processes that it started. */
export const openTerminal = Effect.fn("openTerminal")(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const services = yield* Effect.context<FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner>()
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "terminal-" })
  const socket = path.join(root, "tmux")
  const config = path.join(root, "tmux.conf")
  yield* fs.writeFileString(config, configuration)

  const tmux = (...args: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { cwd, env } = options
      const all = ["-u", "-S", socket, "-f", config, ...args]
      const handle = yield* ChildProcess.make(find("tmux") ?? "tmux", all, { cwd, env, stdin: "ignore" })
      const output = yield* Stream.mkString(Stream.decodeText(handle.all))
      if ((yield* handle.exitCode) === 0) return output
      return yield* new TerminalError({ reason: `tmux ${args[0]} failed`, screen: output })
    }).pipe(Effect.scoped, Effect.provideContext(services))

  const shown = (format: string) => Effect.map(tmux("display-message", "-p", format), (output) => output.trim())
  const number = (format: string) => Effect.map(shown(format), Number)
  const screen = Effect.map(tmux("capture-pane", "-p"), (output) => output.trimEnd())

  /** Polls until there is a result. A timeout fails with the screen. */
  const within = <A, E>(
    what: string,
    answer: (screen: string) => Effect.Effect<A | undefined, E>,
    duration: Duration.Input = patience,
  ) =>
    Effect.gen(function* () {
      const failed = Effect.flatMap(screen, (screen) => new TerminalError({ reason: what, screen }))
      return yield* screen.pipe(
        Effect.flatMap(answer),
        Effect.repeat({ until: (answer) => answer !== undefined, schedule: Schedule.spaced("50 millis") }),
        Effect.flatMap(Effect.fromNullishOr),
        Effect.timeoutOrElse({ duration, orElse: () => failed }),
      )
    })

  const { columns = 120, rows = 40 } = options
  const size = ["-x", String(columns), "-y", String(rows)]
  const { pane } = yield* Effect.acquireRelease(
    tmux("new-session", "-d", ...size, "sh", "-c", runner, "sh", ...options.argv).pipe(
      Effect.andThen(Effect.all({ pane: number("#{pane_pid}"), server: number("#{pid}") })),
    ),
    ({ server }) =>
      Effect.gen(function* () {
        const children = yield* descendants(server)
        yield* signal([server, ...children.map(({ pid }) => pid)], "SIGKILL")
        // Some may have another parent by now.
        yield* killAll(startedWith("TMUX", `${socket},${server},0`))
      }).pipe(Effect.provideContext(services)),
  )

  const status = Effect.map(shown("#{pane_title}"), (title) => {
    const [, status] = /^ended (\d+)$/u.exec(title) ?? []
    return status === undefined ? undefined : Number(status)
  })
  const program = descendants(pane).pipe(
    Effect.map(([program]) => program?.pid),
    Effect.provideContext(services),
  )

  return {
    /** The program's process id. */
    pid: within("the program does not run", () => program),
    /** Types the text unchanged. */
    type: (text: string) => Effect.asVoid(tmux("send-keys", "-l", "--", text)),
    /** Presses keys, named as tmux names them: `Enter`, `C-c`, `Escape`, `Up`. */
    press: (...keys: ReadonlyArray<string>) => Effect.asVoid(tmux("send-keys", "--", ...keys)),
    resize: (size: { readonly columns: number; readonly rows: number }) =>
      Effect.asVoid(tmux("resize-window", "-x", String(size.columns), "-y", String(size.rows))),
    /** The current lines of the screen, without trailing blanks. */
    screen,
    /** The same, with the escape sequences of colours and styles. */
    styledScreen: Effect.map(tmux("capture-pane", "-p", "-e"), (output) => output.trimEnd()),
    cursorShows: Effect.map(shown("#{cursor_flag}"), (flag) => flag === "1"),
    /** Waits for the text, and returns the first screen that shows it. */
    screenUntil: (expected: RegExp | ((screen: string) => boolean), duration?: Duration.Input) => {
      const holds = expected instanceof RegExp ? (text: string) => expected.test(text) : expected
      return within(
        `not on the screen: ${String(expected)}`,
        (text) => Effect.succeed(holds(text) ? text : undefined),
        duration,
      )
    },
    /** The program's exit status once it has ended; for a signal 128 plus its number, and the shell prints a message. */
    exitStatus: within("the program has not ended", () => status),
  }
})
export type PseudoTerminal = Effect.Success<ReturnType<typeof openTerminal>>
