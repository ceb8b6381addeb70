/**
 * One SSH connection to the relay: a reverse tunnel, and a shell there that maintains the registration (`relayScript.ts`).
 * It lives as long as its scope. It also ends when this process is killed, because ssh's stdin is a pipe from this process.
 */
import { Effect, FileSystem, Path, Random, Schema } from "effect"
import { ChildProcess, CommandLine } from "effect/process"
import { line } from "../../text/plainText.ts"
import { ConnectionLost, openShell, type RemoteShell } from "../../machine/ssh/RemoteShell.ts"
import { forwardingSession, sharedSession } from "../../machine/ssh/sessionOptions.ts"
import { sshRequest } from "../../machine/ssh/SshCommand.ts"
import { hostOf } from "../../discovery/address.ts"
import { relayScript } from "./relayScript.ts"

/** There is no ssh of this machine that opens a tunnel on request. Request a specific port instead. */
export class NotShared extends Schema.TaggedError<NotShared>()("NotShared", {}) {
  override get message() {
    return "ssh cannot be asked for a tunnel (the command replaces ControlPath or is not OpenSSH, or TMPDIR cannot hold a socket)"
  }
}

/** The relay's sshd opens the tunnel to the network, whatever `ssh -R` asks for, so the tunnel was closed. */
export class TunnelExposed extends Schema.TaggedError<TunnelExposed>()("TunnelExposed", {
  /** Where the tunnel's end listened on the relay. */
  addresses: Schema.String,
}) {
  override get message() {
    return `the relay's sshd opens tunnels to the network (it listened on ${this.addresses}), so the tunnel was closed. Set "GatewayPorts no" or "GatewayPorts clientspecified" in the relay's sshd_config`
  }
}

export type OpenError = ConnectionLost | NotShared | TunnelExposed

export interface RelayConnection extends Pick<RemoteShell, "ask" | "ended"> {
  /** The tunnel's end, on 127.0.0.1 of the relay. */
  readonly port: number
  /** Whether the relay shows that the tunnel's end is on 127.0.0.1. False if it has no means to look. */
  readonly isKnownToBePrivate: boolean
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

/**
 * Runs the user's command with our arguments appended. ssh uses the first value of each option, so if the command is ssh
 * itself, our options go before the user's: a shared connection (ControlMaster) would keep the tunnel's end alive.
 *
 * The shell ignores SIGTERM until its child has ended, so that it reaps the child. In a container without an init process, no
 * other process reaps it in time, and closing the connection would wait for a dead process.
 */
const commandScript = (options: ReadonlyArray<string>) =>
  `trap : TERM; ssh() { command ssh ${CommandLine.display(options)} "$@"; }; eval "$RELAY_SSH_CMD"' "$@"'`

/** Names the IPv4 address, because ssh otherwise reports success when only the IPv6 port was free. */
const forward = ({ localAddress = "127.0.0.1", localPort, remotePort }: ConnectionOptions) =>
  `127.0.0.1:${remotePort}:${hostOf(localAddress)}:${localPort}`

const openRelayShell = (command: string, options: ReadonlyArray<string>, ...more: ReadonlyArray<string>) =>
  openShell({
    host: "the relay",
    // The command is passed in the environment, because all users of this machine can see a process's arguments.
    // `detached`, so that Ctrl-C in the terminal does not reach it, and ssh has no terminal in which to ask for a password.
    command: ChildProcess.make(
      "/bin/sh",
      ["-c", commandScript(options), "relay", "-T", ...options, ...more, "exec sh"],
      { detached: true, forceKillAfter: "2 seconds", extendEnv: true, env: { RELAY_SSH_CMD: command } },
    ),
    script: relayScript,
  })

/** Bytes. A socket's path has at most 104 on some systems, and ssh appends 17 while it opens the socket. */
const maxControlPath = 86

/** A new path for a socket, in a directory of this user's own. */
const newControlPath = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ocf-" }).pipe(Effect.mapError(() => new NotShared()))
  const controlPath = path.join(directory, "relay")
  return Buffer.byteLength(controlPath) > maxControlPath ? yield* new NotShared() : controlPath
})

/**
 * Opens the tunnel in a connection that is already there. Unlike `ssh -R`, this leaves out the forwardings of the user's own
 * configuration, one of which may be in use, and always shows the port.
 */
const openShared = Effect.fnUntraced(function* (options: ConnectionOptions) {
  const controlPath = yield* newControlPath
  const shell = yield* openRelayShell(options.command, sharedSession("yes", controlPath))
  const told = yield* sshRequest(controlPath, "-O", "forward", "-R", forward(options)).pipe(
    Effect.mapError(({ detail }) => new ConnectionLost({ reason: detail })),
  )
  if (/^\d+$/u.test(told)) return { shell, port: Number(told) }
  if (/control socket/iu.test(told)) return yield* new NotShared()
  return yield* new ConnectionLost({ reason: line(told) })
})

const openOwn = (options: ConnectionOptions) =>
  Effect.map(openRelayShell(options.command, forwardingSession, "-R", forward(options)), (shell) => ({
    shell,
    port: options.remotePort,
  }))

/** For a relay that does not choose one. Below the ephemeral ports that systems assign. */
export const randomPort = Random.nextIntBetween(20_000, 32_000)

/**
 * Opens the connection and waits until both the tunnel and the shell are ready. Fails with `ConnectionLost`; with
 * `NotShared` if the port was left to the relay and ssh cannot be asked for a tunnel; with `TunnelExposed` if other
 * machines can reach the tunnel's end.
 */
export const openConnection = Effect.fnUntraced(function* (options: ConnectionOptions) {
  const { port, shell } = yield* options.remotePort === 0 ? openShared(options) : openOwn(options)
  const { ask, ended } = shell
  const where = yield* ask("where", String(port))
  if (where.startsWith("open ")) return yield* new TunnelExposed({ addresses: line(where.slice("open ".length), 200) })
  const connection: RelayConnection = { port, ask, ended, isKnownToBePrivate: where === "private" }
  return connection
})
