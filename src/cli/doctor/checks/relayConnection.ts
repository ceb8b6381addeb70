/** Whether this machine's way to its relay is open: a tunnel is made as `connect` makes it, and given up at once. */
import { Effect } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { openConnection } from "../../../connect/tunnel/RelayConnection.ts"
import { displayCommand } from "../../../connect/tunnel/displayCommand.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, problem } from "../Check.ts"

/** Nothing listens there: this tunnel leads nowhere. */
const nowhere = 1

const advice = (reason: string) => {
  if (/host key verification failed/iu.test(reason)) {
    return "The relay's key is not known yet, or is another one than before: run that command by hand, and look at the key"
  }
  if (/permission denied/iu.test(reason)) {
    return "`connect` cannot type a password or passphrase: put a key into ssh-agent (ssh-add), and on the relay into ~/.ssh/authorized_keys"
  }
  if (/forward/iu.test(reason)) return "The relay's sshd has to allow it: AllowTcpForwarding yes (or remote)"
  return "Run that command by hand: it has to give a shell on the relay without asking anything"
}

export const relayConnection: Check<Settings | ChildProcessSpawner.ChildProcessSpawner> = {
  name: "relay",
  run: Effect.gen(function* () {
    const { relayCommand: command } = yield* Settings
    if (command === undefined) return [ok("RELAY_SSH_CMD is not set, so `connect` registers on this machine only")]
    const shown = displayCommand(command)
    return yield* openConnection({ command, localPort: nowhere, remotePort: 0 }).pipe(
      Effect.scoped,
      Effect.as([ok(`${shown} reaches the relay, and tunnels can be made there`)]),
      Effect.catchTags({
        PortNotShown: () =>
          Effect.succeed([
            ok(`${shown} reaches the relay; it hides the port chosen there, so \`connect\` chooses one`),
          ]),
        ConnectionLost: ({ reason }) =>
          Effect.succeed([problem(`${shown} does not reach the relay: ${reason}`, `${advice(reason)}.`)]),
      }),
    )
  }),
}
