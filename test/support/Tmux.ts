/** The built executable in a pseudo terminal, at which the test types and looks. Needs tmux. */
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { spawnSync } from "node:child_process"
import { executable, type Relay, type Variables } from "./Executable.ts"

export const hasTmux = spawnSync("tmux", ["-V"]).status === 0

const quoted = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`

/** A terminal of 100 columns and 30 rows in which the command runs, and then says its status. It ends with the scope. */
export const inTerminal = Effect.fn("inTerminal")(function* (
  relay: Relay,
  args: ReadonlyArray<string>,
  variables: Variables = {},
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const env = relay.environment({ LANG: "C.UTF-8", TERM: "xterm-256color", ...variables })
  const socket = `${relay.home}/tmux`
  const tmux = (...words: ReadonlyArray<string>) =>
    spawner.string(ChildProcess.make("tmux", ["-S", socket, "-f", "/dev/null", ...words], { env }))
  const command = [process.execPath, executable, ...args].map(quoted).join(" ")
  yield* Effect.acquireRelease(
    tmux("new-session", "-d", "-x", "100", "-y", "30", `${command}; echo "status $?"; exec sleep 600`),
    () => Effect.ignore(tmux("kill-server")),
  )
  return {
    /** What stands on the screen. */
    screen: tmux("capture-pane", "-p"),
    /** The same, with the escape sequences of its colours. */
    coloured: tmux("capture-pane", "-p", "-e"),
    type: (...keys: ReadonlyArray<string>) => tmux("send-keys", ...keys),
    resize: (columns: number, rows: number) => tmux("resize-window", "-x", String(columns), "-y", String(rows)),
    cursorShows: Effect.map(tmux("display-message", "-p", "#{cursor_flag}"), (flag) => flag.trim() === "1"),
  }
})
