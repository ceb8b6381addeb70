/**
 * One SSH connection to the relay: a reverse tunnel, and a shell there that keeps the registration (`relayScript.ts`).
 * It lives as long as its scope, and ends with this process, whatever kills it: ssh's stdin is a pipe from here.
 */
import { Deferred, type Duration, Effect, Fiber, Option, Queue, Random, Ref, Schema, Semaphore, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { line } from "../../text/plainText.ts"
import { relayScript } from "./relayScript.ts"

/** There is no connection, or none any more. `reason` holds ssh's own last words, if it had any. */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** The relay is reached, but nobody says which port it has chosen: one has to be asked for by number. */
export class PortNotShown extends Schema.TaggedError<PortNotShown>()("PortNotShown", {}) {
  override get message() {
    return "the command does not show which port the relay has chosen (ssh -q, LogLevel, or a shared connection)"
  }
}

export interface RelayConnection {
  /** The tunnel's end, on 127.0.0.1 of the relay. */
  readonly port: number
  /** Sends lines to the relay's shell and returns its answer. */
  readonly ask: (...lines: ReadonlyArray<string>) => Effect.Effect<string, ConnectionLost>
  /** Fails as soon as the connection has ended. */
  readonly ended: Effect.Effect<never, ConnectionLost>
}

export interface RelayOptions {
  /** As one would type it: a command that gives a shell on the relay. It is trusted, and run by a shell. */
  readonly command: string
  /** opencode's port on this machine. */
  readonly localPort: number
  /** The port to ask for; 0 leaves the choice to the relay. */
  readonly remotePort: number
}

/** A dead connection is noticed by ssh itself after 15 to 20 s. */
const sshOptions = [
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ControlMaster=no",
  "ControlPath=none",
  "ExitOnForwardFailure=yes",
  "LogLevel=INFO",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=2",
  // An agent's own session on the relay has no need of these.
  "ForwardAgent=no",
  "ForwardX11=no",
].flatMap((option) => ["-o", option])

/**
 * The command with our arguments behind it. Of ssh's options the first one of a kind counts, so where the command is ssh
 * itself ours go before the user's: a shared connection (ControlMaster) would keep each tunnel's end after us.
 *
 * The shell outlives a SIGTERM for both, so that it reaps what it has started: in a container without an init nobody else
 * does so in time, and the end would wait for a process that is dead.
 */
const evaluated = `trap : TERM; ssh() { command ssh ${sshOptions.join(" ")} "$@"; }; eval "$RELAY_SSH_CMD"' "$@"'`

/** Without an address of its own, the end would be taken for made if only IPv6 had the port free. */
const forward = ({ localPort, remotePort }: RelayOptions) => `127.0.0.1:${remotePort}:127.0.0.1:${localPort}`

/** Login may take a while: DNS, a bastion, a wrapper that fetches a key first. */
const longestGreeting = "45 seconds"

const longestAnswer = "10 seconds"

/** The port is said before the shell's first word, but through another pipe. */
const portMayFollow = "2 seconds"

const lastWords = 5

const linesOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => bytes.pipe(Stream.decodeText, Stream.splitLines)

/** Opens the connection and waits until both the tunnel and the shell are there. */
export const openConnection = Effect.fnUntraced(function* (options: RelayOptions) {
  // The command comes over the environment, for everybody on this machine sees the arguments of a process.
  // `detached`, so that a Ctrl-C in the terminal is not for it, and that it has no terminal to ask for a password on.
  const ssh = yield* ChildProcess.make(
    "/bin/sh",
    ["-c", evaluated, "relay", "-T", ...sshOptions, "-R", forward(options), "exec sh"],
    { detached: true, forceKillAfter: "2 seconds", extendEnv: true, env: { RELAY_SSH_CMD: options.command } },
  ).pipe(Effect.mapError(({ message }) => new ConnectionLost({ reason: line(message) })))

  const port = yield* Deferred.make<number>()
  const words = yield* Ref.make<ReadonlyArray<string>>([])
  const listening = yield* linesOf(ssh.stderr).pipe(
    Stream.runForEach((text) => {
      const allocated = /^Allocated port (\d+) for remote forward/u.exec(text)?.[1]
      if (allocated !== undefined) return Deferred.succeed(port, Number(allocated))
      const word = line(text)
      return word === "" ? Effect.void : Ref.update(words, (before) => [...before, word].slice(-lastWords))
    }),
    Effect.ignore,
    Effect.forkScoped,
  )
  const mark = `fleet-${(yield* Random.nextIntBetween(1, 0xff_ff_ff)).toString(36)}`
  const answers = yield* Queue.unbounded<string, ConnectionLost>()
  const reading = yield* linesOf(ssh.stdout).pipe(
    Stream.runForEach((text) =>
      text.startsWith(`${mark} `) ? Queue.offer(answers, text.slice(mark.length + 1)) : Effect.void,
    ),
    Effect.ignore,
    Effect.forkScoped,
  )
  const lost = (reason: string) =>
    Effect.flatMap(
      Ref.get(words),
      (words) => new ConnectionLost({ reason: words.length === 0 ? reason : `${words.join("; ")} (${reason})` }),
    )
  const end = yield* Effect.exit(ssh.exitCode).pipe(
    // What it said last, or answered, may still be in the pipe.
    Effect.tap(Effect.timeoutOption(Fiber.awaitAll([listening, reading]), "1 second")),
    Effect.flatMap((exit) =>
      lost(exit._tag === "Success" ? `the command ended with status ${exit.value}` : "the command was killed"),
    ),
    Effect.tapError((error) => Queue.fail(answers, error)),
    Effect.forkScoped,
  )
  const ended = Fiber.join(end)

  const outgoing = yield* Queue.unbounded<string>()
  yield* Stream.fromQueue(outgoing).pipe(Stream.encodeText, Stream.run(ssh.stdin), Effect.ignore, Effect.forkScoped)

  const answer = (within: Duration.Input) =>
    Queue.take(answers).pipe(
      Effect.timeoutOrElse({ duration: within, orElse: () => lost(`the relay did not answer within ${within}`) }),
    )
  const oneAtATime = yield* Semaphore.make(1)
  const ask = (...lines: ReadonlyArray<string>) =>
    Queue.offer(outgoing, lines.map((each) => `${each}\n`).join("")).pipe(
      Effect.andThen(answer(longestAnswer)),
      oneAtATime.withPermits(1),
    )

  yield* Queue.offer(outgoing, relayScript(mark))
  // Nothing may be sent before: a shell that reads its script in blocks would swallow it.
  yield* answer(longestGreeting)
  const connectionAt = (port: number): RelayConnection => ({ port, ask, ended })
  if (options.remotePort !== 0) return connectionAt(options.remotePort)
  const shown = yield* Effect.timeoutOption(Effect.raceFirst(Deferred.await(port), ended), portMayFollow)
  if (Option.isNone(shown)) return yield* new PortNotShown()
  return connectionAt(shown.value)
})
