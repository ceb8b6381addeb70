/** `tailscale status --json`, for where the socket is elsewhere or is none, as under macOS and on a NAS. */
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
import { longestAnswer, mostBytes, tooLarge } from "./limits.ts"

/** As one would type it. */
export const typed = (command: string): string => `\`${command} status --json\``

/** Characters of what it says on stderr. */
const enoughWords = 4000

/** All of it, unless it is more than anybody would say. */
const whole = (asked: string, bytes: Stream.Stream<Uint8Array, PlatformError.PlatformError>) =>
  bytes.pipe(
    Stream.runFoldEffect(
      (): { readonly chunks: ReadonlyArray<Uint8Array>; readonly seen: number } => ({ chunks: [], seen: 0 }),
      ({ chunks, seen }, chunk) =>
        seen + chunk.byteLength > mostBytes
          ? Effect.fail(new TailscaleNotUnderstood({ asked, detail: tooLarge }))
          : Effect.succeed({ chunks: [...chunks, chunk], seen: seen + chunk.byteLength }),
    ),
    Effect.map(({ chunks }) => Buffer.concat(chunks).toString()),
  )

const words = (bytes: Stream.Stream<Uint8Array, PlatformError.PlatformError>) =>
  bytes.pipe(
    Stream.decodeText,
    Stream.runFold(
      () => "",
      (said, text) => (said + text).slice(0, enoughWords),
    ),
  )

/** The versions word it differently, but for these. What is denied may go on with that tailscaled may not be running. */
const complaint = (asked: string, status: number, said: string) => {
  const detail = line(said)
  if (/access denied|permission denied/iu.test(said)) return new TailscaleDenied({ detail })
  if (/Tailscale already in use|in server mode/u.test(said)) return new TailscaleInUse({ detail })
  if (/failed to connect to local tailscale/iu.test(said)) return new TailscaleNotRunning({ detail })
  return new TailscaleNotUnderstood({ asked, detail: `ends with status ${status}: ${detail}` })
}

/** The status as JSON. Fails with a `PlatformError` if the command cannot be started. */
export const askCommand = Effect.fnUntraced(
  function* (command: string) {
    const asked = typed(command)
    const handle = yield* ChildProcess.make(command, ["status", "--json"], {
      stdin: "ignore",
      extendEnv: true,
      // Without it the app of macOS takes itself for started by hand where there is no terminal.
      env: { TAILSCALE_BE_CLI: "1" },
      forceKillAfter: "300 millis",
    })
    const [output, said, status] = yield* Effect.all(
      [whole(asked, handle.stdout), words(handle.stderr), handle.exitCode],
      { concurrency: "unbounded" },
    )
    return status === 0 ? output : yield* complaint(asked, status, said)
  },
  Effect.scoped,
  (effect, command) =>
    Effect.timeoutOrElse(effect, {
      duration: longestAnswer,
      orElse: () => new TailscaleTimedOut({ asked: typed(command), within: longestAnswer }),
    }),
)
