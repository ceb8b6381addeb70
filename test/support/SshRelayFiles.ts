/**
 * The files of an {@link SshRelay}: a home of its own, keys used nowhere else, and the configuration of `sshd` and `ssh`,
 * which replaces the developer's own.
 */
import { Effect, FileSystem, Path } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"

export interface FilesOptions {
  /** Further lines of the client's configuration, such as `LogLevel ERROR`. They take precedence over those of the fixture. */
  readonly clientConfig?: ReadonlyArray<string> | undefined
  /** Further lines of the server's configuration, such as `ClientAliveInterval 2`. They take precedence, too. */
  readonly serverConfig?: ReadonlyArray<string> | undefined
  /** An existing directory to use as the home there. Default: a new one. */
  readonly home?: string | undefined
  /** Further variables of every command there, without blanks. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Shell lines that run at every login, like a `.bashrc`. */
  readonly login?: string | undefined
  /** Whether all clients share one connection, as with `ControlMaster auto` in a developer's configuration. */
  readonly multiplexed?: boolean | undefined
}

/** The names of the relay in the client's configuration. */
export const hosts = { direct: "relay", throughProxy: "relay-through-proxy" }

/** Does not read the developer's own `~/.ssh`, and never prompts. */
const clientConfig = (root: string, ports: Ports, options: FilesOptions) => [
  ...(options.clientConfig ?? []),
  ...(options.multiplexed === true
    ? ["ControlMaster auto", `ControlPath ${root}/%n.master`, "ControlPersist 60"]
    : ["ControlPath none"]),
  "HostName 127.0.0.1",
  // The host key is the same through every port.
  "HostKeyAlias relay",
  `UserKnownHostsFile ${root}/known_hosts`,
  "GlobalKnownHostsFile none",
  "StrictHostKeyChecking yes",
  "UpdateHostKeys no",
  `IdentityFile ${root}/client_key`,
  "IdentitiesOnly yes",
  "IdentityAgent none",
  "BatchMode yes",
  "ConnectTimeout 5",
  `Host ${hosts.direct}`,
  `Port ${ports.direct}`,
  `Host ${hosts.throughProxy}`,
  `Port ${ports.throughProxy}`,
]

const serverConfig = (root: string, home: string, ports: Ports, options: FilesOptions) => [
  ...(options.serverConfig ?? []),
  "ListenAddress 127.0.0.1",
  `Port ${ports.direct}`,
  `HostKey ${root}/host_key`,
  `AuthorizedKeysFile ${root}/client_key.pub`,
  "PidFile none",
  "StrictModes no",
  "UsePAM no",
  "PasswordAuthentication no",
  "KbdInteractiveAuthentication no",
  "AllowTcpForwarding remote",
  "GatewayPorts no",
  "PermitUserRC no",
  "PrintMotd no",
  "PrintLastLog no",
  `SetEnv ${Object.entries({ HOME: home, ...options.env })
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")}`,
  `ForceCommand ${root}/login`,
]

/** Changes to the test's home. `HOME` alone is not enough, because sshd starts the shell in the home in `/etc/passwd`. */
const login = (lines: string) => `#!/bin/sh
cd "$HOME" || exit
${lines}
[ -z "$SSH_ORIGINAL_COMMAND" ] && exec "$SHELL"
exec "$SHELL" -c "$SSH_ORIGINAL_COMMAND"
`

interface Ports {
  readonly direct: number
  readonly throughProxy: number
}

/** Creates the files, which are removed when the scope closes. */
export const makeFiles = Effect.fnUntraced(function* (ports: Ports, options: FilesOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "ssh-relay-" }), fs.realPath)
  const file = (name: string) => path.join(root, name)
  const write = (name: string, lines: ReadonlyArray<string>) =>
    fs.writeFileString(file(name), lines.map((line) => `${line}\n`).join(""), { mode: 0o600 })
  const script = (name: string, content: string) => fs.writeFileString(file(name), content, { mode: 0o755 })

  const home = options.home ?? file("home")
  if (options.home === undefined) yield* fs.makeDirectory(home, { mode: 0o700 })
  yield* Effect.forEach(["host_key", "client_key"], (name) =>
    spawner.string(ChildProcess.make("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file(name)])),
  )
  const hostKey = yield* fs.readFileString(file("host_key.pub"))
  yield* write("known_hosts", [`relay ${hostKey.trim()}`])
  yield* write("ssh_config", clientConfig(root, ports, options))
  yield* write("sshd_config", serverConfig(root, home, ports, options))
  yield* script("login", login(options.login ?? ""))
  yield* script("quiet-ssh", `#!/bin/sh\nexec ssh -q -F ${file("ssh_config")} ${hosts.direct} "$@"\n`)
  return {
    root,
    home,
    /** For `ssh -F`. */
    configFile: file("ssh_config"),
    /** For `sshd -f`. */
    serverConfigFile: file("sshd_config"),
    quietWrapper: file("quiet-ssh"),
  }
})
