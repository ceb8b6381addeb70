/** A notification on the desktop of this machine. The texts are arguments, never part of a script. */
import { Effect } from "effect"
import type { Channel } from "../Channel.ts"
import { bodyOf, type Message } from "../Message.ts"
import { makeRun } from "./run.ts"

type Notifier = (message: Message) => readonly [command: string, args: ReadonlyArray<string>]

/** The body is markup. */
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const notifySend: Notifier = (message) => [
  "notify-send",
  [
    "--app-name=opencode-fleet",
    `--urgency=${message.event === "waiting" ? "critical" : "normal"}`,
    "--",
    message.title,
    escaped(bodyOf(message)),
  ],
]

const osascript: Notifier = (message) => [
  "osascript",
  [
    ...["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"].flatMap(
      (statement) => ["-e", statement],
    ),
    "--",
    message.title,
    bodyOf(message),
  ],
]

const notifierOf = (platform: NodeJS.Platform): Notifier | undefined =>
  platform === "darwin" ? osascript : platform === "win32" ? undefined : notifySend

export const hasDesktop = (platform: NodeJS.Platform = process.platform) => notifierOf(platform) !== undefined

/** `env`: variables of the process besides those of this program. */
export const desktop = Effect.fnUntraced(function* (
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string>> = {},
) {
  const run = yield* makeRun
  const notifier = notifierOf(platform) ?? notifySend
  return {
    name: "desktop",
    id: "desktop",
    deliver: (message) => run(...notifier(message), { env }),
  } satisfies Channel as Channel
})
