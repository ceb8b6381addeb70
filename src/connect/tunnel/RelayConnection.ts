/**
 * One SSH connection to the relay: a reverse tunnel, and a shell there that maintains the registration (`relayScript.ts`).
 * It lives as long as its scope. It also ends when this process is killed, because ssh's stdin is a pipe from this process.
 */
import { Deferred, type Duration, Effect, Fiber, Option, Queue, Random, Ref, Schema, Semaphore, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { line } from "../../text/plainText.ts"
import { relayScript } from "./relayScript.ts"

/** The connection could not be opened, or was lost. `reason` contains the last lines that ssh printed, if any. */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** The relay was reached, but ssh did not print which port the relay chose. Request a specific port instead. */
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
  /** Fails when the connection has ended. */
  readonly ended: Effect.Effect<never, ConnectionLost>
}

export interface ConnectionOptions {
  /** A shell command line that opens a shell on the relay. It is trusted, and run by `/bin/sh`. */
  readonly command: string
  /** opencode's port on this machine. */
  readonly localPort: number
  /** The port to listen on at the relay; 0 lets the relay choose. */
  readonly remotePort: number
}

/** With these options, ssh itself detects a dead connection after 15 to 20 s. */
const sshOptions = [
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ControlMaster=no",
  "ControlPath=none",
  "ExitOnForwardFailure=yes",
  "LogLevel=INFO",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=2",
  // The tunnel needs neither.
  "ForwardAgent=no",
  "ForwardX11=no",
].flatMap((option) => ["-o", option])

/**
 * Runs the user's command with our arguments appended. ssh uses the first value of each option, so if the command is ssh
 * itself, our options go before the user's: a shared connection (ControlMaster) would keep the tunnel's end alive.
 *
 * The shell ignores SIGTERM until its child has ended, so that it reaps the child. In a container without an init process, no
 * other process reaps it in time, and closing the connection would wait for a dead process.
 */
const commandScript = `trap : TERM; ssh() { command ssh ${sshOptions.join(" ")} "$@"; }; eval "$RELAY_SSH_CMD"' "$@"'`

/** Names the IPv4 address, because ssh otherwise reports success when only the IPv6 port was free. */
const forward = ({ localPort, remotePort }: ConnectionOptions) => `127.0.0.1:${remotePort}:127.0.0.1:${localPort}`

/** Long, because a login may take a while: DNS, a bastion host, a wrapper that fetches a key first. */
const loginTimeout = "45 seconds"

const answerTimeout = "10 seconds"

/** ssh prints the port before the shell's first line, but on another pipe, so it may be read later. */
const portTimeout = "2 seconds"

/** Lines of ssh's stderr that an error quotes. */
const quotedLines = 5

const linesOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => bytes.pipe(Stream.decodeText, Stream.splitLines)

/**
 * Opens the connection and waits until both the tunnel and the shell are ready. Fails with `ConnectionLost`, or with
 * `PortNotShown` if the port was left to the relay and ssh does not print it.
 */
export const openConnection = Effect.fnUntraced(function* (options: ConnectionOptions) {
  // The command is passed in the environment, because all users of this machine can see a process's arguments.
  // `detached`, so that Ctrl-C in the terminal does not reach it, and ssh has no terminal in which to ask for a password.
  const ssh = yield* ChildProcess.make(
    "/bin/sh",
    ["-c", commandScript, "relay", "-T", ...sshOptions, "-R", forward(options), "exec sh"],
    { detached: true, forceKillAfter: "2 seconds", extendEnv: true, env: { RELAY_SSH_CMD: options.command } },
  ).pipe(Effect.mapError(({ message }) => new ConnectionLost({ reason: line(message) })))

  const port = yield* Deferred.make<number>()
  const stderrLines = yield* Ref.make<ReadonlyArray<string>>([])
  const readingStderr = yield* linesOf(ssh.stderr).pipe(
    Stream.runForEach((text) => {
      const allocated = /^Allocated port (\d+) for remote forward/u.exec(text)?.[1]
      if (allocated !== undefined) return Deferred.succeed(port, Number(allocated))
      const printed = line(text)
      return printed === ""
        ? Effect.void
        : Ref.update(stderrLines, (before) => [...before, printed].slice(-quotedLines))
    }),
    Effect.ignore,
    Effect.forkScoped,
  )
  const mark = `fleet-${(yield* Random.nextIntBetween(1, 0xff_ff_ff)).toString(36)}`
  const answers = yield* Queue.unbounded<string, ConnectionLost>()
  const readingStdout = yield* linesOf(ssh.stdout).pipe(
    Stream.runForEach((text) =>
      text.startsWith(`${mark} `) ? Queue.offer(answers, text.slice(mark.length + 1)) : Effect.void,
    ),
    Effect.ignore,
    Effect.forkScoped,
  )
  const lost = (reason: string) =>
    Effect.flatMap(
      Ref.get(stderrLines),
      (lines) => new ConnectionLost({ reason: lines.length === 0 ? reason : `${lines.join("; ")} (${reason})` }),
    )
  const end = yield* Effect.exit(ssh.exitCode).pipe(
    // The last lines may still be in the pipes.
    Effect.tap(Effect.timeoutOption(Fiber.awaitAll([readingStderr, readingStdout]), "1 second")),
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
      Effect.andThen(answer(answerTimeout)),
      oneAtATime.withPermits(1),
    )

  yield* Queue.offer(outgoing, relayScript(mark))
  // Nothing may be sent before this answer, because a shell that reads its script in blocks would swallow it.
  yield* answer(loginTimeout)
  const connectionAt = (port: number): RelayConnection => ({ port, ask, ended })
  if (options.remotePort !== 0) return connectionAt(options.remotePort)
  const shown = yield* Effect.timeoutOption(Effect.raceFirst(Deferred.await(port), ended), portTimeout)
  if (Option.isNone(shown)) return yield* new PortNotShown()
  return connectionAt(shown.value)
})
