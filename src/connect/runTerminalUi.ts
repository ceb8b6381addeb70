/** Runs opencode's terminal UI until it ends. */
import { Effect, Stream } from "effect"
import type { ConnectOptions } from "./connect.ts"
import { type ChildOptions, startChild } from "./OpencodeChild.ts"

interface TerminalUiOptions extends Omit<ChildOptions, "headless">, Pick<ConnectOptions, "stopSignals"> {}

/** Sends it the signals, and returns its exit status. A Ctrl-C in the terminal has already reached it. */
export const runTerminalUi = Effect.fnUntraced(function* ({ stopSignals, ...options }: TerminalUiOptions) {
  const opencode = yield* startChild({ ...options, headless: false })
  yield* stopSignals.pipe(
    Stream.runForEach((signal) => (signal === "SIGINT" ? Effect.void : opencode.terminate)),
    Effect.forkScoped,
  )
  return yield* opencode.exitStatus
}, Effect.scoped)
