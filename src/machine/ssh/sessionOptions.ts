/**
 * Options of ssh for a session without a person. ssh uses the first value of each option, so these come before the user's
 * configuration, which may ask for what an interactive session needs.
 */

/** ssh detects a dead connection after 15 to 20 s, asks nothing, and gives the other machine nothing of this one. */
const common = [
  // Older versions lack some of the options below. Must be the first; `*` includes what the configuration ignores.
  "IgnoreUnknown=*",
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=2",
  "ForwardAgent=no",
  "ForwardX11=no",
  "RemoteCommand=none",
  "SessionType=default",
  "StdinNull=no",
  "ForkAfterAuthentication=no",
  "PermitLocalCommand=no",
  "Tunnel=no",
  "VisualHostKey=no",
  "ControlPersist=no",
  // Sockets of forwardings are for this user only.
  "StreamLocalBindMask=0177",
  // Also prints when the login has succeeded, which tells a banner from an error.
  "LogLevel=VERBOSE",
]

const asArguments = (options: ReadonlyArray<string>) => options.flatMap((option) => ["-o", option])

/** A connection that shares itself at a Unix socket, without the forwardings of the configuration: `yes` opens it, `no` uses it. */
export const sharedSession = (controlMaster: "yes" | "no", controlPath: string): ReadonlyArray<string> =>
  asArguments([...common, "ClearAllForwardings=yes", `ControlMaster=${controlMaster}`, `ControlPath=${controlPath}`])

/** A connection of its own, with the forwardings of its command line. ssh cannot leave out those of the configuration only. */
export const forwardingSession: ReadonlyArray<string> = asArguments([
  ...common,
  "ExitOnForwardFailure=yes",
  "ControlMaster=no",
  "ControlPath=none",
])
