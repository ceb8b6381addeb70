/** The whole command line, with the arguments that are typed. Nothing behind it is available. */
import { Effect, Exit, Layer } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { TestConsole } from "effect/testing"
import { program } from "../../../src/cli/cli.ts"
import { fakeTerminal } from "../terminal/fakeTerminal.ts"

const spawner = Layer.succeed(
  ChildProcessSpawner.ChildProcessSpawner,
  ChildProcessSpawner.make(() => Effect.die("not used")),
)

/** What the command line prints, and whether it succeeds. `columns`: of a terminal; without it, a pipe. */
export const typed = Effect.fnUntraced(function* (args: ReadonlyArray<string>, columns?: number) {
  const capabilities = { canAnimate: columns !== undefined }
  const terminal = fakeTerminal([], columns).layer(capabilities, { args: Effect.succeed(args) })
  const before = { out: (yield* TestConsole.logLines).length, err: (yield* TestConsole.errorLines).length }
  const exit = yield* program.pipe(Effect.provide([terminal, spawner]), Effect.exit)
  return {
    succeeded: Exit.isSuccess(exit),
    stdout: (yield* TestConsole.logLines).slice(before.out).join("\n"),
    stderr: (yield* TestConsole.errorLines).slice(before.err).join("\n"),
  }
})
