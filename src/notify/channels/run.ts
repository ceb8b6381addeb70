/** Runs the process of a channel. */
import { Effect, type PlatformError, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { failureText } from "../../machine/fileError.ts"
import { ChannelFailed } from "../Channel.ts"

/** A program that is not installed is not tried again. */
const cannotRun = (command: string, error: PlatformError.PlatformError) =>
  error.reason._tag === "NotFound"
    ? new ChannelFailed({ reason: `${command} is not installed`, isFinal: true })
    : new ChannelFailed({ reason: `${command} cannot be run: ${failureText(error)}`, isFinal: false })

const ended = (status: number) => new ChannelFailed({ reason: `it ended with exit status ${status}`, isFinal: false })

/** Succeeds with exit status 0. An interruption ends the process and those that it has started. */
export const makeRun = Effect.map(
  ChildProcessSpawner.ChildProcessSpawner,
  (spawner) =>
    (
      command: string,
      args: ReadonlyArray<string>,
      { env = {}, input = "" }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
    ) =>
      ChildProcess.make(command, args, {
        env,
        extendEnv: true,
        // A command that does not read its stdin is no error.
        stdin: input === "" ? "ignore" : { stream: Stream.encodeText(Stream.succeed(input)), endOnDone: true },
        stdout: "inherit",
        stderr: "inherit",
        forceKillAfter: "2 seconds",
      }).pipe(
        spawner.exitCode,
        Effect.mapError((error) => cannotRun(command, error)),
        Effect.flatMap((status) => (status === 0 ? Effect.void : ended(status))),
      ),
)
