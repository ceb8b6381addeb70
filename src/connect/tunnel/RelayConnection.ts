/**
 * One SSH connection to the relay: a reverse tunnel, and a shell there that maintains the registration (`relayScript.ts`).
 * It lives as long as its scope. It also ends when this process is killed, because ssh's stdin is a pipe from this process.
 */
import { Deferred, Effect, Option, Schema } from "effect"
import { hostOf } from "../../discovery/address.ts"
import { ChildProcess } from "effect/process"
import { openShell, type RemoteShell, unattendedOptions } from "../../machine/ssh/RemoteShell.ts"
import { relayScript } from "./relayScript.ts"

/** The relay was reached, but ssh did not print which port the relay chose. Request a specific port instead. */
export class PortNotShown extends Schema.TaggedError<PortNotShown>()("PortNotShown", {}) {
  override get message() {
    return "the command does not show which port the relay has chosen (ssh -q, LogLevel, or a shared connection)"
  }
}

export interface RelayConnection extends Pick<RemoteShell, "ask" | "ended"> {
  /** The tunnel's end, on 127.0.0.1 of the relay. */
  readonly port: number
}

export interface ConnectionOptions {
  /** A shell command line that opens a shell on the relay. It is trusted, and run by `/bin/sh`. */
  readonly command: string
  /** The loopback address at which opencode listens on this machine. Default: 127.0.0.1. */
  readonly localAddress?: string | undefined
  /** opencode's port on this machine. */
  readonly localPort: number
  /** The port to listen on at the relay; 0 lets the relay choose. */
  readonly remotePort: number
}

const sshOptions = [
  ...unattendedOptions,
  "ControlMaster=no",
  "ControlPath=none",
  "ExitOnForwardFailure=yes",
  "LogLevel=INFO",
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
const forward = ({ localAddress = "127.0.0.1", localPort, remotePort }: ConnectionOptions) =>
  `127.0.0.1:${remotePort}:${hostOf(localAddress)}:${localPort}`

/** ssh prints the port before the shell's first line, but on another pipe, so it may be read later. */
const portTimeout = "2 seconds"

/**
 * Opens the connection and waits until both the tunnel and the shell are ready. Fails with `ConnectionLost`, or with
 * `PortNotShown` if the port was left to the relay and ssh does not print it.
 */
export const openConnection = Effect.fnUntraced(function* (options: ConnectionOptions) {
  // The command is passed in the environment, because all users of this machine can see a process's arguments.
  // `detached`, so that Ctrl-C in the terminal does not reach it, and ssh has no terminal in which to ask for a password.
  const command = ChildProcess.make(
    "/bin/sh",
    ["-c", commandScript, "relay", "-T", ...sshOptions, "-R", forward(options), "exec sh"],
    { detached: true, forceKillAfter: "2 seconds", extendEnv: true, env: { RELAY_SSH_CMD: options.command } },
  )
  const port = yield* Deferred.make<number>()
  const { ask, ended } = yield* openShell({
    host: "the relay",
    command,
    script: relayScript,
    onStderr: (text) => {
      const allocated = /^Allocated port (\d+) for remote forward/u.exec(text)?.[1]
      return allocated === undefined
        ? Effect.succeed(false)
        : Effect.as(Deferred.succeed(port, Number(allocated)), true)
    },
  })
  const connectionAt = (port: number): RelayConnection => ({ port, ask, ended })
  if (options.remotePort !== 0) return connectionAt(options.remotePort)
  const shown = yield* Effect.timeoutOption(Effect.raceFirst(Deferred.await(port), ended), portTimeout)
  if (Option.isNone(shown)) return yield* new PortNotShown()
  return connectionAt(shown.value)
})
