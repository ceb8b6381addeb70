/** A program in a terminal, as a person sees it: tmux draws the screen, and hands on what is typed. */
import { type Duration, Effect, FileSystem, Path, Ref, Schedule, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { descendants, killAll, signal, startedWith } from "./processes.ts"
import { find } from "./requirements.ts"

/** tmux refused, or what was waited for did not come; `screen` is what was to be seen instead. */
export class TerminalError extends Schema.TaggedError<TerminalError>()("TerminalError", {
  reason: Schema.String,
  screen: Schema.String,
}) {
  override get message() {
    return `${this.reason}\n${this.screen}`
  }
}

export interface Options {
  /** The program and its arguments, which no shell reads. */
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
 * Runs the program as a shell does, and tells its status in the title of the terminal, behind all that it has drawn.
 * tmux itself misses now and then that a program has ended, or its last words; so the terminal stays open.
 */
const runner = String.raw`trap : HUP INT QUIT TERM
"$@"
printf '\033]2;ended %s\033\\' $?
exec sleep 1000000`

/** Starts the program. It ends with the scope, together with all that it started. */
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

  /** Looks until there is an answer, or says what was on the screen when it had not come in time. */
  const within = <A, E>(
    duration: Duration.Input,
    what: string,
    answer: (screen: string) => Effect.Effect<A | undefined, E>,
  ) =>
    Effect.gen(function* () {
      const last = yield* Ref.make("")
      const failed = Effect.flatMap(Ref.get(last), (screen) => new TerminalError({ reason: what, screen }))
      return yield* screen.pipe(
        Effect.tap((text) => Ref.set(last, text)),
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
        // Some may have left their parent.
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
    /** Of the program. */
    pid: within("5 seconds", "the program does not run", () => program),
    /** Types the text as it is. */
    type: (text: string) => Effect.asVoid(tmux("send-keys", "-l", "--", text)),
    /** Presses keys, named as tmux names them: `Enter`, `C-c`, `Escape`, `Up`. */
    press: (...keys: ReadonlyArray<string>) => Effect.asVoid(tmux("send-keys", "--", ...keys)),
    resize: (size: { readonly columns: number; readonly rows: number }) =>
      Effect.asVoid(tmux("resize-window", "-x", String(size.columns), "-y", String(size.rows))),
    /** The lines to be seen now, without what is blank at their ends. */
    screen,
    /** The same with the escape sequences of colours and styles. */
    styledScreen: Effect.map(tmux("capture-pane", "-p", "-e"), (output) => output.trimEnd()),
    cursorShows: Effect.map(shown("#{cursor_flag}"), (flag) => flag === "1"),
    /** The first screen on which it is to be seen. */
    screenUntil: (expected: RegExp | ((screen: string) => boolean), duration: Duration.Input = "30 seconds") => {
      const holds = expected instanceof RegExp ? (text: string) => expected.test(text) : expected
      return within(duration, `not on the screen: ${String(expected)}`, (text) =>
        Effect.succeed(holds(text) ? text : undefined),
      )
    },
    /** The program's exit status once it has ended; for a signal 128 and its number, and the shell says a word, too. */
    exitStatus: within("30 seconds", "the program has not ended", () => status),
  }
})
export type PseudoTerminal = Effect.Success<ReturnType<typeof openTerminal>>
