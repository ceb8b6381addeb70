/** Reads the status from `tailscale status --json`, for systems without the socket, such as macOS and some NAS. */
import { Effect, type PlatformError, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { line } from "../../text/plainText.ts"
import {
  TailscaleDenied,
  TailscaleInUse,
  TailscaleNotRunning,
  TailscaleNotUnderstood,
  TailscaleTimedOut,
} from "./errors.ts"
import { statusTimeout, maxBytes, tooLarge } from "./limits.ts"

/** The command line, for messages. */
export const shownCommand = (command: string): string => `\`${command} status --json\``

/** Maximum number of characters kept of stderr. */
const maxErrorLength = 4000

/** Reads all output, and fails if it exceeds the bound. */
const readAll = (origin: string, bytes: Stream.Stream<Uint8Array, PlatformError.PlatformError>) =>
  bytes.pipe(
    Stream.runFoldEffect(
      (): { readonly chunks: ReadonlyArray<Uint8Array>; readonly seen: number } => ({ chunks: [], seen: 0 }),
      ({ chunks, seen }, chunk) =>
        seen + chunk.byteLength > maxBytes
          ? Effect.fail(new TailscaleNotUnderstood({ origin, detail: tooLarge }))
          : Effect.succeed({ chunks: [...chunks, chunk], seen: seen + chunk.byteLength }),
    ),
    Effect.map(({ chunks }) => Buffer.concat(chunks).toString()),
  )

const readErrors = (bytes: Stream.Stream<Uint8Array, PlatformError.PlatformError>) =>
  bytes.pipe(
    Stream.decodeText,
    Stream.runFold(
      () => "",
      (all, text) => (all + text).slice(0, maxErrorLength),
    ),
  )

/** These phrases are common to all versions. "denied" comes first, because that message may also say that tailscaled is not running. */
const commandError = (origin: string, status: number, stderr: string) => {
  const detail = line(stderr)
  if (/access denied|permission denied/iu.test(stderr)) return new TailscaleDenied({ detail })
  if (/Tailscale already in use|in server mode/u.test(stderr)) return new TailscaleInUse({ detail })
  if (/failed to connect to local tailscale/iu.test(stderr)) return new TailscaleNotRunning({ detail })
  return new TailscaleNotUnderstood({ origin, detail: `exited with status ${status}: ${detail}` })
}

/** The status as JSON text. Fails with a `PlatformError` if the command cannot be started. */
export const readFromCommand = Effect.fnUntraced(
  function* (command: string) {
    const origin = shownCommand(command)
    const handle = yield* ChildProcess.make(command, ["status", "--json"], {
      stdin: "ignore",
      extendEnv: true,
      // Without it, the macOS app starts its user interface if there is no terminal.
      env: { TAILSCALE_BE_CLI: "1" },
      forceKillAfter: "300 millis",
    })
    const [output, stderr, status] = yield* Effect.all(
      [readAll(origin, handle.stdout), readErrors(handle.stderr), handle.exitCode],
      { concurrency: "unbounded" },
    )
    return status === 0 ? output : yield* commandError(origin, status, stderr)
  },
  Effect.scoped,
  (effect, command) =>
    Effect.timeoutOrElse(effect, {
      duration: statusTimeout,
      orElse: () => new TailscaleTimedOut({ origin: shownCommand(command), within: statusTimeout }),
    }),
)
