/** The argument for a message to an agent: its text, or `-` for stdin. */
import { Effect, Option, Stdio, Stream } from "effect"
import { Argument } from "effect/cli"
import { NonBlank } from "../../tools/shared/parameters.ts"
import { CommandFailed, exitStatus, failedWith } from "../process/exitStatus.ts"
import { typed } from "./choose.ts"

export const message = Argument.String("message").pipe(
  Argument.withDescription(
    'What the agent should do, or a slash command of the instance with its arguments; "-" reads it from stdin. Put a message that starts with "-" after "--"',
  ),
  Argument.withSchema(NonBlank),
  Argument.optional,
)

const readStdin = Effect.gen(function* () {
  const text = yield* (yield* Stdio.Stdio).stdin.pipe(Stream.decodeText, Stream.mkString, Effect.mapError(failedWith))
  if (text.trim() === "") {
    return yield* new CommandFailed({ status: exitStatus.failed, reason: "The message on stdin is empty." })
  }
  return text.replace(/\r?\n$/u, "")
})

/** The message as given. In a terminal, a missing one is asked for. */
export const chosenMessage = (given: Option.Option<string>) =>
  Option.match(given, {
    onNone: () => typed({ argument: "message", message: "What should the agent do?" }),
    onSome: (message) => (message === "-" ? readStdin : Effect.succeed(message)),
  })
