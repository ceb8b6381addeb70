/** Runs a command that prints a secret. Errors contain its exit status, never its output. */
import { Duration, Effect, Redacted, Schema, Stream } from "effect"
import { ChildProcess, type ChildProcessSpawner } from "effect/process"
import { failureText } from "../../machine/fileError.ts"
import { quote } from "../../text/plainText.ts"

/** Why a secret is not known: a sentence without the secret. */
export class SecretUnknown extends Schema.TaggedError<SecretUnknown>()("SecretUnknown", { reason: Schema.String }) {}

export type SecretCommand = readonly [program: string, ...args: ReadonlyArray<string>]

/** Longer than a person needs to unlock a password manager. */
const timeout = Duration.minutes(1)

const maxLength = 16 * 1024

/** The first line of a text; fails if it is empty or cannot be sent. */
export const secretLine = (text: string, origin: string): Effect.Effect<Redacted.Redacted, SecretUnknown> => {
  const [line = ""] = text.split(/\r?\n/u)
  if (line.trim() === "") return Effect.fail(new SecretUnknown({ reason: `${origin} is empty` }))
  return /[\p{Cc}]/u.test(line) || line.length > maxLength
    ? Effect.fail(new SecretUnknown({ reason: `${origin} is not a line of text` }))
    : Effect.succeed(Redacted.make(line))
}

const output = Effect.fnUntraced(function* ([program, ...args]: SecretCommand, name: string) {
  const handle = yield* ChildProcess.make(program, args, {
    stdin: "ignore",
    stderr: "ignore",
    extendEnv: true,
    forceKillAfter: "1 second",
  })
  const text = yield* handle.stdout.pipe(
    Stream.decodeText,
    Stream.runFold(
      () => "",
      (all, text) => (all + text).slice(0, maxLength + 1),
    ),
  )
  const status = yield* handle.exitCode
  return status === 0 ? text : yield* new SecretUnknown({ reason: `${name} ended with exit status ${status}` })
}, Effect.scoped)

/** The first line of the command's output. */
export const runSecretCommand = (
  command: SecretCommand,
): Effect.Effect<Redacted.Redacted, SecretUnknown, ChildProcessSpawner.ChildProcessSpawner> => {
  const name = `the command ${quote(command[0])}`
  const unknown = (reason: string) => Effect.fail(new SecretUnknown({ reason: `${name} ${reason}` }))
  return output(command, name).pipe(
    Effect.flatMap((text) => secretLine(text, `the output of ${name}`)),
    Effect.catchTag("PlatformError", (error) => unknown(`cannot be run: ${failureText(error)}`)),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => unknown(`has not ended within ${Duration.toSeconds(timeout)} seconds`),
    }),
  )
}
