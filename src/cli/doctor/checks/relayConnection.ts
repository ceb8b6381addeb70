/** Whether this machine can reach its relay: opens a tunnel like `connect` does, and closes it immediately. */
import { Effect } from "effect"
import { openConnection, randomPort, type RelayConnection } from "../../../connect/tunnel/RelayConnection.ts"
import { displayCommand } from "../../../connect/tunnel/displayCommand.ts"
import { Settings } from "../../../Settings.ts"
import { type SshCause, sshCause } from "../../../machine/ssh/sshCause.ts"
import { type Check, type MachineServices, ok, problem, warning } from "../Check.ts"

/** The tunnel carries no traffic, so it leads to a port on which no program listens. */
const unusedPort = 1

const openssh = "its sshd needs AllowTcpForwarding yes (or remote), and DisableForwarding no"

const advice: Readonly<Record<SshCause, string>> = {
  changedHostKey:
    "The relay's host key has changed. If that is expected, remove the old one with ssh-keygen -R and check the new one by running that command by hand",
  unknownHostKey: "The relay's host key is unknown. Run that command by hand once and check the key",
  loginRefused:
    "`connect` cannot enter a password or passphrase. Add a key to ssh-agent (ssh-add), and to ~/.ssh/authorized_keys on the relay",
  unknownHost: "That host name is unknown here. Check its spelling, ~/.ssh/config, and whether a VPN is needed",
  refused: "No sshd listens there. Check that it is running on the relay, and the port",
  unreachable: "Check the network, a VPN, and whether the relay is on",
  forwardingRefused: `The relay does not open tunnels: ${openssh}`,
  portTaken:
    "A LocalForward, RemoteForward or DynamicForward of your ssh configuration is in use. Use a Host entry without them for the relay",
  badConfiguration: "Fix your ssh configuration",
  noCommand: "Check RELAY_SSH_CMD: the program does not exist",
  noShell:
    "That account must run a POSIX shell (sh) for commands. Run that command by hand, followed by `sh -c 'echo ok'`",
  other: "Run that command by hand: it must open a shell on the relay without asking for anything",
}

const opened = (displayed: string, { isKnownToBePrivate }: RelayConnection) =>
  isKnownToBePrivate
    ? ok(`${displayed} reaches the relay and can open tunnels, which end on its 127.0.0.1`)
    : warning(
        `${displayed} reaches the relay and can open tunnels, but the relay does not show where they end: it has neither /proc/net/tcp nor ss nor netstat`,
        "Make sure that its sshd_config does not say GatewayPorts yes, which opens them to the network.",
      )

const tryRelay = (command: string) => {
  const displayed = displayCommand(command)
  const tryPort = (remotePort: number): ReturnType<typeof openConnection> =>
    openConnection({ command, localPort: unusedPort, remotePort }).pipe(
      // As `connect` does.
      Effect.catchTag("NotShared", (error) =>
        remotePort === 0 ? Effect.flatMap(randomPort, tryPort) : Effect.fail(error),
      ),
    )
  return tryPort(0).pipe(
    Effect.scoped,
    Effect.map((connection) => opened(displayed, connection)),
    Effect.catchTags({
      NotShared: ({ message }) => Effect.succeed(problem(`${displayed} cannot open tunnels: ${message}`)),
      TunnelExposed: ({ message }) =>
        Effect.succeed(
          problem(`${displayed} cannot be used: ${message}`, "`connect` closes such a tunnel and registers nothing."),
        ),
      ConnectionLost: ({ reason }) =>
        Effect.succeed(problem(`${displayed} does not reach the relay: ${reason}`, `${advice[sshCause(reason)]}.`)),
    }),
  )
}

export const relayConnection: Check<Settings | MachineServices> = {
  name: "relay",
  run: Effect.gen(function* () {
    const { credentials, relayCommand } = yield* Settings
    if (relayCommand === undefined) return [ok("RELAY_SSH_CMD is not set, so `connect` registers on this machine only")]
    return [
      ...(credentials === undefined
        ? [
            problem(
              "RELAY_SSH_CMD is set, but OPENCODE_SERVER_PASSWORD is not: anyone with an account on the relay could run commands on this machine",
              "Set OPENCODE_SERVER_PASSWORD, here and on the relay. Without it, `connect` refuses to use the relay (unless it is told --no-password).",
            ),
          ]
        : []),
      yield* tryRelay(relayCommand),
    ]
  }),
}
