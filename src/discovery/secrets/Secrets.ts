/**
 * Looks up the secrets that registrations refer to, and keeps them in memory only. Variables and files are read each time. A
 * command runs once, and again after an instance has refused its secret; a failed command is not repeated before
 * {@link retryAfter}, because it may ask the person for a passphrase each time.
 */
import {
  ByteSize,
  Clock,
  Config,
  Deferred,
  Duration,
  Effect,
  Exit,
  FileSystem,
  Option,
  Queue,
  Redacted,
  Result,
  Semaphore,
  Stream,
} from "effect"
import { fileErrorText } from "../../machine/fileError.ts"
import { ChildProcessSpawner } from "effect/process"
import { CurrentUser, weakness } from "../../machine/StrictModes.ts"
import { RefusedSecrets } from "./RefusedSecrets.ts"
import { runSecretCommand, type SecretCommand, secretLine, SecretUnknown } from "./secretCommand.ts"
import type { SecretReference } from "./SecretReference.ts"

/** How long after a command has ended it may be run again. */
export const retryAfter = Duration.minutes(5)

/** How long a scan waits for a command. It continues in the background. */
const patience = Duration.seconds(2)

/** Number of commands that run concurrently. */
const concurrency = 4

const maxFileSize = ByteSize.kibibytes(64)

type Outcome = Result.Result<Redacted.Redacted, SecretUnknown>

interface Run {
  readonly outcome: Deferred.Deferred<Outcome>
  /** Epoch milliseconds; undefined while the command is running. */
  endedAt: number | undefined
  /** Its secret, if it has printed one. */
  secret: Redacted.Redacted | undefined
}

const interrupted: Outcome = Result.fail(new SecretUnknown({ reason: "the command was stopped" }))

const unknown = (reason: string) => Effect.fail(new SecretUnknown({ reason }))

const variable = (name: string) =>
  Effect.option(Config.Redacted(name)).pipe(
    Effect.flatMap(
      Option.match({
        onNone: () => unknown(`the variable ${name} is not set`),
        onSome: (value) => secretLine(Redacted.value(value), `the variable ${name}`),
      }),
    ),
  )

const file = Effect.fnUntraced(
  function* (given: string) {
    const fs = yield* FileSystem.FileSystem
    const home = Option.getOrElse(yield* Config.option(Config.String("HOME")), () => "")
    const path = given.startsWith("~/") ? `${home}${given.slice(1)}` : given
    const info = yield* fs.stat(path)
    const named = `the file ${given}`
    if (info.type !== "File") return yield* unknown(`${named} is not a regular file`)
    if (ByteSize.isGreaterThan(info.size, maxFileSize)) return yield* unknown(`${named} is larger than 64 KiB`)
    const weak = weakness(info, yield* CurrentUser)
    if (Option.isSome(weak)) return yield* unknown(`${named} ${weak.value}`)
    return yield* secretLine(yield* fs.readFileString(path), named)
  },
  (effect, given) =>
    effect.pipe(
      Effect.catchTags({
        PlatformError: (error) => unknown(`the file ${given} cannot be read: ${fileErrorText(error)}`),
        ConfigError: () => unknown("HOME cannot be read"),
      }),
      Effect.timeoutOrElse({ duration: patience, orElse: () => unknown(`the file ${given} cannot be read in time`) }),
    ),
)

/** Commands run in the scope of this call. */
export const makeSecrets = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const refused = yield* RefusedSecrets
  const scope = yield* Effect.scope
  const finished = yield* Queue.sliding<void>(1)
  const runs = new Map<string, Run>()
  const permits = yield* Semaphore.make(concurrency)

  const start = Effect.fnUntraced(function* (command: SecretCommand) {
    const run: Run = { outcome: Deferred.makeUnsafe(), endedAt: undefined, secret: undefined }
    runs.set(JSON.stringify(command), run)
    yield* runSecretCommand(command).pipe(
      permits.withPermits(1),
      Effect.result,
      Effect.onExit((exit) =>
        Effect.gen(function* () {
          const outcome = Exit.isSuccess(exit) ? exit.value : interrupted
          run.endedAt = yield* Clock.currentTimeMillis
          run.secret = Result.isSuccess(outcome) ? outcome.success : undefined
          yield* Deferred.succeed(run.outcome, outcome)
          yield* Queue.offer(finished, undefined)
        }),
      ),
      Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
      Effect.forkIn(scope),
    )
    return run
  })

  const isDue = ({ endedAt, secret }: Run, now: number) =>
    endedAt !== undefined &&
    now - endedAt >= Duration.toMillis(retryAfter) &&
    (secret === undefined || refused.has(secret))

  const ofCommand = Effect.fnUntraced(function* (command: SecretCommand) {
    const known = runs.get(JSON.stringify(command))
    const run = known === undefined || isDue(known, yield* Clock.currentTimeMillis) ? yield* start(command) : known
    const outcome = yield* Effect.timeoutOption(Deferred.await(run.outcome), patience)
    if (Option.isNone(outcome)) return yield* unknown(`the command ${JSON.stringify(command[0])} is still running`)
    return yield* Effect.fromResult(outcome.value)
  })

  const lookUp = (reference: SecretReference): Effect.Effect<Redacted.Redacted, SecretUnknown> => {
    if ("env" in reference) return variable(reference.env)
    if ("file" in reference) return file(reference.file).pipe(Effect.provideService(FileSystem.FileSystem, fs))
    return ofCommand(reference.command)
  }

  return {
    /** Takes at most 2 s. */
    lookUp,
    /** Forgets the commands that no registration names any more. */
    retain: (references: ReadonlyArray<SecretReference>) => {
      const named = new Set(references.flatMap((one) => ("command" in one ? [JSON.stringify(one.command)] : [])))
      for (const key of runs.keys()) if (!named.has(key)) runs.delete(key)
    },
    /** Emits when a command has ended. */
    changes: Stream.fromQueue(finished),
  }
})

export type Secrets = Effect.Success<typeof makeSecrets>
