/** Remedies as the server's user reads them: the variables to set and the commands to run. */
import type { Problem } from "../../discovery/Discovery.ts"
import type { SshCause } from "../../machine/ssh/sshCause.ts"
import type { Remedy } from "../../discovery/Remedy.ts"
import { ownCommand } from "../../text/ownCommand.ts"

/** A sentence, if the cause is known. */
const sshAdvice = (cause: SshCause): string => {
  switch (cause) {
    case "unknownHost":
      return "Check the spelling of that name, the ssh configuration, and whether a VPN is needed. "
    case "refused":
      return "Check that sshd is running there, and the port. "
    case "unreachable":
      return "Check the network, a VPN, and whether that machine is on. "
    case "badConfiguration":
      return "Fix the ssh configuration. "
    case "noCommand":
      return "Install OpenSSH on this machine. "
    case "noShell":
      return "That account must run a POSIX shell for commands. "
    default:
      return ""
  }
}

/** A sentence without its full stop. */
export const remedyText = (remedy: Remedy): string => {
  switch (remedy._tag) {
    case "CreateRelayDirectory":
      return "`opencode-fleet connect` creates it, or create it yourself and put a registration file there"
    case "ChooseRelayDirectory":
      return "Set RELAY_REGISTRY_DIR to the directory of the registration files"
    case "UseService":
      return "Add service to TRANSPORT, which reads that password where opencode keeps it"
    case "ChooseLocalPorts":
      return "LOCAL_PORTS chooses them"
    case "ChooseTailscaleTag":
      return "Set TAILSCALE_TAG to the tag of the machines that run opencode"
    case "ReduceTailscalePorts":
      return "Set fewer TAILSCALE_PORTS to speed this up"
    case "AllowMdns":
      return `MDNS_ALLOW=${remedy.address} trusts this one`
    case "AllowInDatabase":
      return `DATABASE_ALLOW=${remedy.address} trusts this one`
    case "Register":
      return `Run \`${ownCommand("connect", "--attach", remedy.url)}\` to trust it, with local-relay in TRANSPORT`
    case "CheckHostKey":
      return `Run \`ssh ${remedy.host}\` in a terminal and check the host key`
    case "AddSshKey":
      return `Nothing can ask for a password or passphrase here: add a key to ssh-agent (ssh-add), and to ~/.ssh/authorized_keys on that machine, until \`ssh -o BatchMode=yes ${remedy.host}\` works`
    case "TrySsh":
      return `${sshAdvice(remedy.cause)}\`ssh -o BatchMode=yes ${remedy.host}\` must open a shell; it is tried again by itself`
    case "AllowForwarding":
      return "Its sshd must allow it: AllowTcpForwarding yes (or local)"
    case "StartOpencode":
      return `start_instance starts it, as does \`${ownCommand("start", remedy.host)}\``
  }
}

/** The text, followed by the remedy if there is one. */
export const withRemedy = (text: string, remedy: Remedy | undefined): string =>
  remedy === undefined ? text : `${text}. ${remedyText(remedy)}`

/** What is wrong and how to fix it: a sentence that continues after the problem's source. */
export const problemText = ({ reason, remedy }: Problem): string => withRemedy(reason, remedy)
