/** Whether this machine can reach its relay: opens a tunnel like `connect` does, and closes it immediately. */
import { Effect } from "effect"
import { openConnection, randomPort, type RelayConnection } from "../../../connect/tunnel/RelayConnection.ts"
import { displayCommand } from "../../../connect/tunnel/displayCommand.ts"
import { Settings } from "../../../Settings.ts"
import { relayAdvice } from "../relayAdvice.ts"
import { type Check, type MachineServices, ok, problem, warning } from "../Check.ts"

/** The tunnel carries no traffic, so it leads to a port on which no program listens. */
const unusedPort = 1

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
        Effect.succeed(problem(`${displayed} does not reach the relay: ${reason}`, relayAdvice(reason))),
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
