/** The tailnet as this machine's Tailscale sees it. */
import { Context, Effect, Layer, Schema } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { line } from "../../text/plainText.ts"
import { askCommand, typed } from "./commandLine.ts"
import {
  type TailscaleError,
  TailscaleInUse,
  TailscaleLoggedOut,
  TailscaleMissing,
  TailscaleNotRunning,
  TailscaleNotUnderstood,
  TailscaleStarting,
  TailscaleStopped,
  TailscaleUnapproved,
} from "./errors.ts"
import { askSocket, type NobodyListens } from "./localApi.ts"
import { type TailnetStatus, TailnetStatusJson } from "./TailnetStatus.ts"

export interface TailscaleAccessValues {
  /** tailscaled's local API: a Unix socket or a named pipe. */
  readonly socket: string
  /** Where the command may be; the first one that is there is asked where nobody answers on the socket. */
  readonly commands: ReadonlyArray<string>
}

/** What an MCP client starts has often not the PATH of a terminal, and the app of macOS is on none. */
const defaultAccess = (platform: NodeJS.Platform): TailscaleAccessValues => {
  switch (platform) {
    case "win32":
      return {
        socket: String.raw`\\.\pipe\ProtectedPrefix\Administrators\Tailscale\tailscaled`,
        commands: ["tailscale", String.raw`C:\Program Files\Tailscale\tailscale.exe`],
      }
    case "darwin":
      return {
        socket: "/var/run/tailscaled.socket",
        commands: [
          "tailscale",
          "/usr/local/bin/tailscale",
          "/opt/homebrew/bin/tailscale",
          "/Applications/Tailscale.app/Contents/MacOS/Tailscale",
        ],
      }
    default:
      return { socket: "/var/run/tailscale/tailscaled.sock", commands: ["tailscale"] }
  }
}

/** How this machine's Tailscale is asked. */
export const TailscaleAccess = Context.Reference<TailscaleAccessValues>(
  "opencode-fleet/fleet/tailscale/TailscaleAccess",
  { defaultValue: () => defaultAccess(process.platform) },
)

interface Answer {
  /** Who has given it. */
  readonly asked: string
  readonly json: string
}

const decode = Schema.decodeEffect(TailnetStatusJson)

/** Only a running one knows its peers, and only then is it certain that what is sent to them goes through WireGuard. */
const running = (status: TailnetStatus): Effect.Effect<TailnetStatus, TailscaleError> => {
  switch (status.BackendState) {
    case "Running":
      return Effect.succeed(status)
    case "Stopped":
      return Effect.fail(new TailscaleStopped())
    case "NeedsLogin":
      return Effect.fail(new TailscaleLoggedOut())
    case "NeedsMachineAuth":
      return Effect.fail(new TailscaleUnapproved())
    case "InUseOtherUser":
      return Effect.fail(new TailscaleInUse({ detail: "it does not say by whom" }))
    case "Starting":
    case "NoState":
      return Effect.fail(new TailscaleStarting({ health: line(status.Health?.join("; ") ?? "") }))
    default:
      return Effect.fail(
        new TailscaleNotUnderstood({
          asked: line(`tailscaled ${status.Version ?? ""}`),
          detail: `is in a state that is not known here: ${line(status.BackendState, 50)}`,
        }),
      )
  }
}

export class Tailnet extends Context.Service<
  Tailnet,
  {
    /** The status of a tailscaled that runs and is connected. */
    readonly read: Effect.Effect<TailnetStatus, TailscaleError>
  }
>()("opencode-fleet/fleet/tailscale/Tailnet") {
  static readonly layer = Layer.effect(
    Tailnet,
    Effect.gen(function* () {
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const { commands, socket } = yield* TailscaleAccess

      /** The first command that is there; none of the others knows more. */
      const askCommands = Effect.fnUntraced(function* (found: NobodyListens): Effect.fn.Return<Answer, TailscaleError> {
        for (const command of commands) {
          const json = yield* askCommand(command).pipe(
            Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
            Effect.catchTag("PlatformError", ({ message, reason }) =>
              reason._tag === "NotFound"
                ? Effect.undefined
                : new TailscaleNotUnderstood({ asked: command, detail: `cannot be run: ${line(message)}` }),
            ),
          )
          if (json !== undefined) return { asked: typed(command), json }
        }
        return yield* found.exists
          ? new TailscaleNotRunning({ detail: found.detail })
          : new TailscaleMissing({ socket })
      })

      const ask = askSocket(socket).pipe(
        Effect.map((json): Answer => ({ asked: socket, json })),
        Effect.catchTag("NobodyListens", askCommands),
      )

      const read = ask.pipe(
        Effect.flatMap(({ asked, json }) =>
          Effect.mapError(
            decode(json),
            ({ message }) => new TailscaleNotUnderstood({ asked, detail: `says no status: ${line(message)}` }),
          ),
        ),
        Effect.flatMap(running),
        Effect.withSpan("Tailnet.read"),
      )
      return Tailnet.of({ read })
    }),
  )
}
