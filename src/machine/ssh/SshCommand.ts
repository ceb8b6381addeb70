/** The ssh of this machine, and how it is run without a person. */
import { Context } from "effect"
import { ChildProcess } from "effect/process"
import { unattendedOptions } from "./RemoteShell.ts"

export interface SshProgram {
  readonly command: string
  /** Options in front of all others, such as `-F FILE`. */
  readonly options: ReadonlyArray<string>
  /** The user's configuration. Undefined for `~/.ssh/config`. */
  readonly configFile: string | undefined
}

export const SshProgram = Context.Reference<SshProgram>("opencode-fleet/machine/ssh/SshProgram", {
  defaultValue: () => ({ command: "ssh", options: [], configFile: undefined }),
})

/**
 * A host's configuration may ask for what an interactive session needs: a command, forwardings, a shared connection that
 * stays. `ssh` uses the first value of each option, so these come first.
 */
const plainSession = ["RemoteCommand=none", "PermitLocalCommand=no", "ClearAllForwardings=yes", "ControlPersist=no"]

export interface SessionOptions {
  readonly host: string
  /** The Unix socket of the connection. */
  readonly controlPath: string
  /** `yes` opens the connection and shares it; `no` uses it if it is open, and otherwise opens one of its own. */
  readonly controlMaster: "yes" | "no"
}

/** A POSIX shell on the host. `detached`, so that Ctrl-C does not reach it, and it has no terminal to ask anything in. */
export const sshShell = (
  { command, options }: SshProgram,
  { controlMaster, controlPath, host }: SessionOptions,
): ChildProcess.Command => {
  const all = [...unattendedOptions, ...plainSession, `ControlMaster=${controlMaster}`, `ControlPath=${controlPath}`]
  return ChildProcess.make(
    command,
    ["-T", ...options, ...all.flatMap((option) => ["-o", option]), "--", host, "exec sh"],
    { detached: true, forceKillAfter: "2 seconds" },
  )
}

/** Asks the open connection for something, such as `-O forward`. */
export const sshRequest = (
  { command }: SshProgram,
  controlPath: string,
  request: ReadonlyArray<string>,
): ChildProcess.Command =>
  // The host's name is not used, but the syntax requires one.
  ChildProcess.make(command, ["-F", "/dev/null", "-S", controlPath, ...request, "host"], {
    stdin: "ignore",
    detached: true,
    forceKillAfter: "2 seconds",
  })
