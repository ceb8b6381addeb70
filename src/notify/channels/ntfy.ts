/** A push notification through ntfy (https://ntfy.sh or a server of one's own), published as JSON: headers carry no UTF-8. */
import { Effect, type Redacted } from "effect"
import type { Channel } from "../Channel.ts"
import type { EventKind } from "../FleetEvent.ts"
import { bodyOf } from "../Message.ts"
import { makePost } from "./post.ts"

interface NtfyOptions {
  /** The topic's URL, such as `https://ntfy.sh/my-agents`. */
  readonly url: URL
  readonly token?: Redacted.Redacted | undefined
}

/** From 1 to 5; 3 is ntfy's default. */
const priorities: Record<EventKind, number> = { waiting: 4, done: 3, failed: 4, gone: 3 }

/** ntfy shows these names as emoji. */
const tags: Record<EventKind, string> = {
  waiting: "raised_hand",
  done: "white_check_mark",
  failed: "x",
  gone: "electric_plug",
}

/** The last segment is the topic; the server takes JSON at the address without it. Undefined if there is none. */
export const topicOf = (url: URL): { readonly server: URL; readonly topic: string } | undefined => {
  const [, path = "", topic = ""] = /^(.*\/)([\w-]{1,64})\/?$/u.exec(url.pathname) ?? []
  return topic === "" ? undefined : { server: new URL(path, url.origin), topic }
}

export const ntfy = Effect.fnUntraced(function* ({ token, url }: NtfyOptions) {
  const post = yield* makePost
  const { server, topic } = topicOf(url) ?? { server: url, topic: "" }
  return {
    name: `ntfy ${url.host}`,
    id: `ntfy ${url.href}`,
    deliver: (message) =>
      post({
        url: server,
        headers: {},
        token,
        body: JSON.stringify({
          topic,
          title: message.title,
          message: bodyOf(message),
          priority: priorities[message.event],
          tags: [tags[message.event]],
          // Opened by a tap on the notification.
          ...(message.url === undefined ? {} : { click: message.url }),
        }),
      }),
  } satisfies Channel as Channel
})
