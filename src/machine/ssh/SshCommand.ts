/** The ssh of this machine, and how it is run without a person. */
import { Context, Effect, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { failureText } from "../fileError.ts"
import { sharedSession } from "./sessionOptions.ts"

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

interface SessionOptions {
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
): ChildProcess.Command =>
  ChildProcess.make(command, ["-T", ...options, ...sharedSession(controlMaster, controlPath), "--", host, "exec sh"], {
    detached: true,
    forceKillAfter: "2 seconds",
  })

/** ssh does not forward. */
export class NotForwarded extends Schema.TaggedError<NotForwarded>()("NotForwarded", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

const requestTimeout = "10 seconds"

/** Asks the open connection for something, such as `-O forward`, and returns all that ssh prints, on either pipe. */
export const sshRequest = Effect.fnUntraced(function* (controlPath: string, ...request: ReadonlyArray<string>) {
  const { command } = yield* SshProgram
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  // The host's name is not used, but the syntax requires one.
  const asking = ChildProcess.make(command, ["-F", "/dev/null", "-S", controlPath, ...request, "host"], {
    stdin: "ignore",
    detached: true,
    forceKillAfter: "2 seconds",
  })
  return yield* spawner.string(asking, { includeStderr: true }).pipe(
    Effect.map((output) => output.trim()),
    Effect.catchTag("PlatformError", (error) => new NotForwarded({ detail: failureText(error) })),
    Effect.timeoutOrElse({
      duration: requestTimeout,
      orElse: () => new NotForwarded({ detail: `ssh did not answer within ${requestTimeout}` }),
    }),
  )
})
