/** What the user can do about a problem. */
import type { SshCause } from "../machine/ssh/sshCause.ts"

/**
 * What the user can do about a problem, or about a password that is not sent. A fact without words: a terminal and an MCP
 * client name variables and commands, an embedding program its own options.
 */
export type Remedy =
  /** Register an instance: that creates the relay directory, which does not exist yet. */
  | { readonly _tag: "CreateRelayDirectory" }
  /** Name another relay directory. */
  | { readonly _tag: "ChooseRelayDirectory" }
  /** Enable the transport `service`, which reads the password of opencode 2's own service. */
  | { readonly _tag: "UseService" }
  /** Choose the local ports that are probed. */
  | { readonly _tag: "ChooseLocalPorts" }
  /** Name the tag of the tailnet's machines that run opencode. */
  | { readonly _tag: "ChooseTailscaleTag" }
  /** Choose fewer ports to probe on the machines of the tailnet. */
  | { readonly _tag: "ReduceTailscalePorts" }
  /** Allow this address to receive the password, although it was found by mDNS. */
  | { readonly _tag: "AllowMdns"; readonly address: string }
  /** Allow this address to receive the password, although only a row of the database announces it. */
  | { readonly _tag: "AllowInDatabase"; readonly address: string }
  /** Register the local opencode at this URL, which vouches for it. */
  | { readonly _tag: "Register"; readonly url: string }
  /** Check the host key of an ssh host, which is unknown or has changed. */
  | { readonly _tag: "CheckHostKey"; readonly host: string }
  /** Give an ssh host a key that works without a person. */
  | { readonly _tag: "AddSshKey"; readonly host: string }
  /** Fix the connection to an ssh host: its name, its network, its shell, or this machine's ssh configuration. */
  | { readonly _tag: "TrySsh"; readonly host: string; readonly cause: SshCause }
  /** Let the sshd of a host forward to its servers. */
  | { readonly _tag: "AllowForwarding"; readonly host: string }
  /** Start opencode on an ssh host. */
  | { readonly _tag: "StartOpencode"; readonly host: string }
