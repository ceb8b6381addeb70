/** Machines that are reached by ssh only: a real sshd, processes and a home of their own, and opencode of one version. */
import { Effect, FileSystem, Path } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { opencode1Binary } from "./RealOpencode.ts"
import { opencode2Binary } from "./opencode2Binary.ts"
import { freePort } from "./OpencodeServer.ts"
import { makeWorkspace, type WorkspaceOptions } from "./OpencodeWorkspace.ts"
import { type Options, start } from "./SshRelay.ts"

export interface MachineOptions extends WorkspaceOptions, Pick<Options, "login"> {
  /** The opencode on its PATH. */
  readonly opencode?: 1 | 2 | undefined
}

/** The password of the opencode 2 service of every machine. */
export const servicePassword = "machine-password-of-the-service"

/** Starts a machine. Closing the scope ends all that runs on it. */
export const startMachine = Effect.fn("startMachine")(function* ({ login, opencode, ...options }: MachineOptions = {}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { directory, home } = yield* makeWorkspace(options)
  const bin = path.join(home, "bin")
  yield* fs.makeDirectory(bin)
  if (opencode !== undefined) {
    yield* fs.symlink(opencode === 1 ? opencode1Binary : opencode2Binary, path.join(bin, "opencode"))
  }
  const configuration = JSON.stringify({ port: yield* freePort, password: servicePassword })
  yield* fs.writeFileString(path.join(home, ".config", "opencode", "service.json"), configuration, { mode: 0o600 })
  const ssh = yield* start({
    isolated: true,
    home,
    login,
    serverConfig: ["AllowTcpForwarding yes"],
    env: {
      PATH: `${bin}:/usr/bin:/bin`,
      TMPDIR: path.join(home, "tmp"),
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_SHARE: "1",
    },
  })
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const [program, ...args] = ssh.argv
  /** Runs a command there, and returns its output. */
  const run = (command: string) =>
    Effect.orDie(spawner.string(ChildProcess.make(program, [...args, command]), { includeStderr: true }))
  return { ...ssh, run, directory, registration: path.join(home, ".local", "state", "opencode", "service.json") }
})

export type Machine = Effect.Success<ReturnType<typeof startMachine>>

/** The lines of a `Host` entry. */
export const hostEntry = (name: string, { port, root }: Machine, key = `${root}/client_key`) => [
  `Host ${name}`,
  "HostName 127.0.0.1",
  `Port ${port}`,
  "HostKeyAlias relay",
  `UserKnownHostsFile ${root}/known_hosts`,
  "GlobalKnownHostsFile none",
  "StrictHostKeyChecking yes",
  `IdentityFile ${key}`,
  "IdentitiesOnly yes",
  "IdentityAgent none",
]

/**
 * Writes `~/.ssh/config` below the home, and a PATH with an `ssh` that reads it: ssh itself looks in the home of
 * `/etc/passwd`.
 */
export const makeSshHome = Effect.fnUntraced(function* (home: string, config: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const bin = path.join(home, "bin")
  yield* Effect.forEach([bin, path.join(home, ".ssh")], (each) =>
    fs.makeDirectory(each, { recursive: true, mode: 0o700 }),
  )
  const file = path.join(home, ".ssh", "config")
  yield* fs.writeFileString(file, config.map((line) => `${line}\n`).join(""), { mode: 0o600 })
  const script = `#!/bin/sh\ncase " $* " in *" -O "*) exec /usr/bin/ssh "$@" ;; esac\nexec /usr/bin/ssh -F ${file} "$@"\n`
  yield* fs.writeFileString(path.join(bin, "ssh"), script, { mode: 0o755 })
  return { PATH: `${bin}:${process.env["PATH"]}`, file }
})
