/**
 * A shell script that runs on another machine over ssh. It is controlled by lines on its stdin and answers with lines. It
 * lives as long as its scope. It also ends when this process is killed, because ssh's stdin is a pipe from this process.
 */
import { type Duration, Effect, Fiber, Queue, Random, Ref, Schema, Semaphore, Stream } from "effect"
import type { ChildProcess } from "effect/process"
import { failureText } from "../fileError.ts"
import { lastWords, type Printed } from "./lastWords.ts"

/** The connection could not be opened, or was lost. `reason` contains the last words of ssh or of the other machine, if any. */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export interface RemoteShell {
  /** Sends lines to the script and returns its answer. Default timeout: 10 s. */
  readonly ask: (...lines: ReadonlyArray<string>) => Effect.Effect<string, ConnectionLost>
  /** {@link ask} with a timeout of its own. */
  readonly askWithin: (
    timeout: Duration.Input,
    ...lines: ReadonlyArray<string>
  ) => Effect.Effect<string, ConnectionLost>
  /** Fails when the connection has ended. */
  readonly ended: Effect.Effect<never, ConnectionLost>
}

interface ShellOptions {
  /** The other machine, as errors name it. */
  readonly host: string
  /** Runs a POSIX shell on the other machine, with the shell's stdin and stdout as its own. */
  readonly command: ChildProcess.Command
  /**
   * The script, and the call that starts it. It prints `mark hello` when it is ready, and every answer is one line that starts
   * with the mark, because a login shell may print other lines. The mark consists of letters, digits and dashes.
   */
  readonly script: (mark: string) => string
  /** Receives each line of ssh's stderr. Returns whether it has used the line, so that no error quotes it. */
  readonly onStderr?: (line: string) => Effect.Effect<boolean>
}

/** Long, because a login may take a while: DNS, a bastion host, a wrapper that fetches a key first. */
const loginTimeout = "45 seconds"

/** How many lines are kept to explain a failure. */
const maxPrinted = 50

const answerTimeout = "10 seconds"

const linesOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => bytes.pipe(Stream.decodeText, Stream.splitLines)

/** Starts the script and waits until it is ready. */
export const openShell = Effect.fnUntraced(function* ({ command, host, onStderr, script }: ShellOptions) {
  const ssh = yield* command.pipe(Effect.mapError((error) => new ConnectionLost({ reason: failureText(error) })))

  const printed = yield* Ref.make<ReadonlyArray<Printed>>([])
  const hear = (words: Printed) => Ref.update(printed, (before) => [...before, words].slice(-maxPrinted))
  const readingStderr = yield* linesOf(ssh.stderr).pipe(
    Stream.runForEach((text) =>
      Effect.gen(function* () {
        if (onStderr === undefined || !(yield* onStderr(text))) yield* hear({ on: "stderr", text })
      }),
    ),
    Effect.ignore,
    Effect.forkScoped,
  )
  const mark = `fleet-${(yield* Random.nextIntBetween(1, 0xff_ff_ff)).toString(36)}`
  const answers = yield* Queue.unbounded<string, ConnectionLost>()
  const readingStdout = yield* linesOf(ssh.stdout).pipe(
    Stream.runForEach((text) =>
      text.startsWith(`${mark} `)
        ? // What a login prints is no reason for what happens after it.
          Effect.andThen(Ref.set(printed, []), Queue.offer(answers, text.slice(mark.length + 1)))
        : hear({ on: "stdout", text }),
    ),
    Effect.ignore,
    Effect.forkScoped,
  )
  const lost = (happened: string, status?: number) =>
    Effect.flatMap(Ref.get(printed), (all) => {
      const words = lastWords(all, status)
      return new ConnectionLost({ reason: words === "" ? happened : `${words} (${happened})` })
    })
  const end = yield* Effect.exit(ssh.exitCode).pipe(
    // The last lines may still be in the pipes.
    Effect.tap(Effect.timeoutOption(Fiber.awaitAll([readingStderr, readingStdout]), "1 second")),
    Effect.flatMap((exit) =>
      exit._tag === "Success"
        ? lost(`the command ended with status ${exit.value}`, exit.value)
        : lost("the command was killed"),
    ),
    Effect.tapError((error) => Queue.fail(answers, error)),
    Effect.forkScoped,
  )

  const outgoing = yield* Queue.unbounded<string>()
  yield* Stream.fromQueue(outgoing).pipe(Stream.encodeText, Stream.run(ssh.stdin), Effect.ignore, Effect.forkScoped)

  const answer = (within: Duration.Input) =>
    Queue.take(answers).pipe(
      Effect.timeoutOrElse({ duration: within, orElse: () => lost(`${host} did not answer within ${within}`) }),
    )
  const oneAtATime = yield* Semaphore.make(1)
  const askWithin = (within: Duration.Input, ...lines: ReadonlyArray<string>) =>
    Queue.offer(outgoing, lines.map((each) => `${each}\n`).join("")).pipe(
      Effect.andThen(answer(within)),
      oneAtATime.withPermits(1),
    )

  yield* Queue.offer(outgoing, script(mark))
  // Nothing may be sent before this answer, because a shell that reads its script in blocks would swallow it.
  yield* answer(loginTimeout)
  const shell: RemoteShell = {
    ask: (...lines) => askWithin(answerTimeout, ...lines),
    askWithin,
    ended: Fiber.join(end),
  }
  return shell
})
