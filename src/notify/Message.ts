/** What a person is told about an event: plain text and the command that comes next. */
import { addressIn, loopbackOf } from "../discovery/address.ts"
import { clip } from "../text/clip.ts"
import { digest } from "../text/digest.ts"
import { ownCommand } from "../text/ownCommand.ts"
import { line, plainText } from "../text/plainText.ts"
import type { EventKind, FleetEvent } from "./FleetEvent.ts"

/** Maximum number of characters of the agent's text. A phone shows less. */
const maxText = 500

/** Maximum number of characters of a session's title. */
const maxTitle = 80

/** Every text in it is plain and short. Absent facts are left out. */
export interface Message {
  /** The same for one event after a restart and in every repeated delivery. */
  readonly id: string
  readonly event: EventKind
  /** ISO 8601. */
  readonly at: string
  readonly instance: string
  /** The instance's URL, if other devices may reach it. */
  readonly url?: string
  readonly session_id?: string
  readonly session_title?: string
  readonly directory?: string
  readonly request_id?: string
  readonly request_kind?: "permission" | "question"
  /** One line that names the instance, the event and the session. */
  readonly title: string
  /** The request, the agent's last text, or why it failed or is gone. */
  readonly text: string
  /** What to type next in a terminal. */
  readonly command: string
}

const idOf = (key: string) => `evt_${digest(key).toString("hex").slice(0, 32)}`

const verbs: Record<EventKind, string> = {
  waiting: "waits for you",
  done: "is done",
  failed: "failed",
  gone: "is gone",
}

const textOf = (event: FleetEvent): string => {
  switch (event.kind) {
    case "waiting":
      return line(event.request.about, maxText)
    case "done":
    case "failed":
      return clip(plainText(event.text).trim(), maxText)
    case "gone":
      return line(event.reason, maxText)
  }
}

const commandOf = (event: FleetEvent): ReadonlyArray<string> => {
  switch (event.kind) {
    case "waiting":
      return [event.request.kind === "permission" ? "approve" : "answer", event.instance, event.session.id]
    case "done":
    case "failed":
      return ["read", event.instance, event.session.id]
    case "gone":
      return ["instances"]
  }
}

/** Without credentials. */
const reachable = (text: string): string | undefined => {
  const url = URL.parse(text)
  if (url === null || loopbackOf(addressIn(url)) !== undefined) return undefined
  url.username = ""
  url.password = ""
  return url.href
}

export const messageOf = (event: FleetEvent): Message => {
  const { at, instance, key, kind } = event
  const session = event.kind === "gone" ? undefined : event.session
  const title = session?.title === undefined ? "" : line(session.title, maxTitle)
  const url = reachable(event.url)
  return {
    id: idOf(key),
    event: kind,
    at: new Date(at).toISOString(),
    instance,
    ...(url === undefined ? {} : { url }),
    ...(session === undefined ? {} : { session_id: session.id }),
    ...(title === "" ? {} : { session_title: title }),
    ...(session?.directory === undefined ? {} : { directory: line(session.directory, 1000) }),
    ...(event.kind === "waiting" ? { request_id: event.request.id, request_kind: event.request.kind } : {}),
    title: `${instance} ${verbs[kind]}${title === "" ? "" : `: ${title}`}`,
    text: textOf(event),
    command: ownCommand(...commandOf(event)),
  }
}

/** The text, and below it the command. */
export const bodyOf = ({ command, text }: Message): string => [text, command].filter((each) => each !== "").join("\n")
