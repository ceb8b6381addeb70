/** Whether this machine can reach its relay: opens a tunnel like `connect` does, and closes it immediately. */
import { Effect } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { openConnection } from "../../../connect/tunnel/RelayConnection.ts"
import { displayCommand } from "../../../connect/tunnel/displayCommand.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, problem } from "../Check.ts"

/** The tunnel carries no traffic, so it leads to a port on which no program listens. */
const unusedPort = 1

const advice = (reason: string) => {
  if (/host key verification failed/iu.test(reason)) {
    return "The relay's host key is unknown or has changed. Run that command by hand and check the key"
  }
  if (/permission denied/iu.test(reason)) {
    return "`connect` cannot enter a password or passphrase. Add a key to ssh-agent (ssh-add), and to ~/.ssh/authorized_keys on the relay"
  }
  if (/forward/iu.test(reason)) return "The relay's sshd must allow it: AllowTcpForwarding yes (or remote)"
  return "Run that command by hand: it must open a shell on the relay without asking for anything"
}

export const relayConnection: Check<Settings | ChildProcessSpawner.ChildProcessSpawner> = {
  name: "relay",
  run: Effect.gen(function* () {
    const { relayCommand: command } = yield* Settings
    if (command === undefined) return [ok("RELAY_SSH_CMD is not set, so `connect` registers on this machine only")]
    const displayed = displayCommand(command)
    return yield* openConnection({ command, localPort: unusedPort, remotePort: 0 }).pipe(
      Effect.scoped,
      Effect.as([ok(`${displayed} reaches the relay and can open tunnels`)]),
      Effect.catchTags({
        PortNotShown: () =>
          Effect.succeed([
            ok(`${displayed} reaches the relay; it hides the port that the relay chooses, so \`connect\` chooses one`),
          ]),
        ConnectionLost: ({ reason }) =>
          Effect.succeed([problem(`${displayed} does not reach the relay: ${reason}`, `${advice(reason)}.`)]),
      }),
    )
  }),
}
