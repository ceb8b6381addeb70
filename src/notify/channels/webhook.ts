/** A signed HTTP request for each event, after the Standard Webhooks specification (https://www.standardwebhooks.com). */
import { DateTime, Effect, Redacted, Schema } from "effect"
import { Webhook } from "standardwebhooks"
import type { Channel } from "../Channel.ts"
import { makePost } from "./post.ts"

/** The secret is not the base64 text that the specification requires. */
export class WebhookSecretInvalid extends Schema.TaggedError<WebhookSecretInvalid>()("WebhookSecretInvalid", {}) {}

interface WebhookOptions {
  readonly url: URL
  /** `whsec_` and at least 24 bytes in base64. */
  readonly secret: Redacted.Redacted
}

const secretPattern = /^(?:whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/u

const signer = (secret: Redacted.Redacted) =>
  secretPattern.test(Redacted.value(secret))
    ? Effect.try({ try: () => new Webhook(Redacted.value(secret)), catch: () => new WebhookSecretInvalid() })
    : Effect.fail(new WebhookSecretInvalid())

export const webhook = Effect.fnUntraced(function* ({ secret, url }: WebhookOptions) {
  const post = yield* makePost
  const signing = yield* signer(secret)
  return {
    name: `webhook ${url.host}`,
    id: `webhook ${url.href}`,
    deliver: (message) =>
      Effect.flatMap(DateTime.now, (now) => {
        const { at, event, ...data } = message
        const body = JSON.stringify({ type: `agent.${event}`, timestamp: at, data: { event, ...data } })
        return post({
          url,
          headers: {
            "webhook-id": message.id,
            "webhook-timestamp": String(Math.floor(now.epochMilliseconds / 1000)),
            "webhook-signature": signing.sign(message.id, DateTime.toDateUtc(now), body),
          },
          body,
        })
      }),
  } satisfies Channel as Channel
})
