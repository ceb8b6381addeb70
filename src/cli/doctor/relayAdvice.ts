/** What to do about a relay that cannot be used, by the kind of the failure. */
import { type SshCause, sshCause } from "../../machine/ssh/sshCause.ts"

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

/** `reason` is that of a lost connection. */
export const relayAdvice = (reason: string): string => `${advice[sshCause(reason)]}.`
