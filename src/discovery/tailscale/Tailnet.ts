/** Reads the status of this machine's Tailscale, which lists the machines of its tailnet. */
import { Context, Effect, Layer, Schema } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { failureText } from "../../machine/fileError.ts"
import { line } from "../../text/plainText.ts"
import { readFromCommand, shownCommand } from "./commandLine.ts"
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
import { readFromSocket, type SocketUnavailable } from "./localApi.ts"
import { type TailnetStatus, TailnetStatusJson } from "./TailnetStatus.ts"

export interface TailscaleAccessValues {
  /** tailscaled's local API: a Unix socket or a named pipe. */
  readonly socket: string
  /** Paths of the command, tried in order if nothing listens on the socket. */
  readonly commands: ReadonlyArray<string>
}

/** MCP clients often start servers without a terminal's PATH, and the macOS app is not on any PATH. */
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

/** How to reach this machine's Tailscale. */
export const TailscaleAccess = Context.Reference<TailscaleAccessValues>(
  "opencode-fleet/discovery/tailscale/TailscaleAccess",
  { defaultValue: () => defaultAccess(process.platform) },
)

interface Answer {
  /** The socket or the command that was read. */
  readonly origin: string
  readonly json: string
}

const decode = Schema.decodeEffect(TailnetStatusJson)

/** Only a running Tailscale knows its peers and encrypts what is sent to them. */
const requireRunning = (status: TailnetStatus): Effect.Effect<TailnetStatus, TailscaleError> => {
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
      return Effect.fail(new TailscaleInUse({ detail: "the user is unknown" }))
    case "Starting":
    case "NoState":
      return Effect.fail(new TailscaleStarting({ health: line(status.Health?.join("; ") ?? "") }))
    default:
      return Effect.fail(
        new TailscaleNotUnderstood({
          origin: line(`tailscaled ${status.Version ?? ""}`),
          detail: `is in an unknown state: ${line(status.BackendState, 50)}`,
        }),
      )
  }
}

export class Tailnet extends Context.Service<
  Tailnet,
  {
    /** The status, if tailscaled is running and connected. */
    readonly read: Effect.Effect<TailnetStatus, TailscaleError>
  }
>()("opencode-fleet/discovery/tailscale/Tailnet") {
  static readonly layer = Layer.effect(
    Tailnet,
    Effect.gen(function* () {
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const { commands, socket } = yield* TailscaleAccess

      /** Uses the first command that exists, because the others would report the same. */
      const readFromCommands = Effect.fnUntraced(function* (
        unavailable: SocketUnavailable,
      ): Effect.fn.Return<Answer, TailscaleError> {
        for (const command of commands) {
          const json = yield* readFromCommand(command).pipe(
            Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
            Effect.catchTag("PlatformError", (error) =>
              error.reason._tag === "NotFound"
                ? Effect.undefined
                : new TailscaleNotUnderstood({ origin: command, detail: `cannot be run: ${failureText(error)}` }),
            ),
          )
          if (json !== undefined) return { origin: shownCommand(command), json }
        }
        return yield* unavailable.exists
          ? new TailscaleNotRunning({ detail: unavailable.detail })
          : new TailscaleMissing({ socket })
      })

      const answer = readFromSocket(socket).pipe(
        Effect.map((json): Answer => ({ origin: socket, json })),
        Effect.catchTag("SocketUnavailable", readFromCommands),
      )

      const read = answer.pipe(
        Effect.flatMap(({ origin, json }) =>
          Effect.mapError(
            decode(json),
            ({ message }) => new TailscaleNotUnderstood({ origin, detail: `sent no valid status: ${line(message)}` }),
          ),
        ),
        Effect.flatMap(requireRunning),
        Effect.withSpan("Tailnet.read"),
      )
      return Tailnet.of({ read })
    }),
  )
}
