/**
 * A shell command of the user's for each event. Nothing of an event becomes part of the command line: its facts are
 * environment variables, and JSON on stdin.
 */
import { Effect } from "effect"
import type { Channel } from "../Channel.ts"
import type { Message } from "../Message.ts"
import { makeRun } from "./run.ts"

const prefix = "OPENCODE_FLEET_"

/** `OPENCODE_FLEET_EVENT`, `OPENCODE_FLEET_SESSION`, … Absent facts are empty, so that nothing is inherited. */
const environment = (message: Message): Readonly<Record<string, string>> => {
  const { at, command, directory, event, id, instance, request_id, request_kind, session_id, session_title, url } =
    message
  const facts = {
    ID: id,
    EVENT: event,
    AT: at,
    INSTANCE: instance,
    URL: url,
    SESSION: session_id,
    SESSION_TITLE: session_title,
    DIRECTORY: directory,
    REQUEST: request_id,
    REQUEST_KIND: request_kind,
    TITLE: message.title,
    TEXT: message.text,
    COMMAND: command,
  }
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [`${prefix}${name}`, value ?? ""]))
}

/** As git runs its hooks. */
const shellOf = (platform: NodeJS.Platform, command: string): readonly [string, ReadonlyArray<string>] =>
  platform === "win32" ? ["cmd.exe", ["/d", "/s", "/c", command]] : ["/bin/sh", ["-c", command]]

export const exec = Effect.fnUntraced(function* (command: string, platform: NodeJS.Platform = process.platform) {
  const run = yield* makeRun
  const [shell, args] = shellOf(platform, command)
  return {
    name: "exec",
    id: `exec ${command}`,
    deliver: (message) => run(shell, args, { env: environment(message), input: `${JSON.stringify(message)}\n` }),
  } satisfies Channel as Channel
})
