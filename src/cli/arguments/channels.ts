/** The flags that name the channels of `notify`. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { bareFlag } from "./bareFlag.ts"
import { desktop, hasDesktop } from "../../notify/channels/desktop.ts"
import { exec } from "../../notify/channels/exec.ts"
import { ntfy, topicOf } from "../../notify/channels/ntfy.ts"
import { webhook } from "../../notify/channels/webhook.ts"
import type { SettingsValues } from "../../Settings.ts"
import { exitStatus, failedBecause } from "../process/exitStatus.ts"

/** An address without a user name or password, which every process list would show. */
const webUrl = (value: string): Option.Option<URL> => {
  const url = URL.parse(value)
  const isUsable = url !== null && /^https?:$/u.test(url.protocol) && url.username === "" && url.password === ""
  return isUsable ? Option.some(url) : Option.none()
}

const webhooks = Flag.String("webhook").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "Post each event as a signed request (Standard Webhooks). WEBHOOK_SECRET holds the secret. Can be repeated",
  ),
  Flag.filterMap(webUrl, () => "an http or https URL without a user name or password"),
  Flag.atLeast(0),
)

const topics = Flag.String("ntfy").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "Push each event to a topic of ntfy, such as https://ntfy.sh/my-agents. NTFY_TOKEN holds the access token, if there is one. Can be repeated",
  ),
  Flag.filterMap(
    (value) => Option.filter(webUrl(value), (url) => topicOf(url) !== undefined),
    () => "the URL of a topic such as https://ntfy.sh/my-agents, without a user name or password",
  ),
  Flag.atLeast(0),
)

const commands = Flag.String("exec").pipe(
  Flag.withMetavar("COMMAND"),
  Flag.withDescription(
    "Run this shell command for each event, with its facts in the environment (OPENCODE_FLEET_EVENT and others) and as JSON on stdin. Can be repeated",
  ),
  Flag.filter(
    (value) => value.trim() !== "",
    () => "a shell command",
  ),
  Flag.atLeast(0),
)

const onDesktop = bareFlag("desktop").pipe(
  Flag.withDescription("Show each event on this desktop, through notify-send (Linux) or osascript (macOS)"),
)

export const channelFlags = { commands, webhooks, topics, onDesktop }

interface ChosenChannels {
  readonly commands: ReadonlyArray<string>
  readonly webhooks: ReadonlyArray<URL>
  readonly topics: ReadonlyArray<URL>
  readonly onDesktop: boolean
}

const noSecret = failedBecause(
  "--webhook signs what it sends, so it needs a secret. Set WEBHOOK_SECRET here and at the receiver, for example to the output of: echo whsec_$(openssl rand -base64 32)",
  exitStatus.usage,
)

const badSecret = failedBecause(
  "WEBHOOK_SECRET cannot be used: it takes whsec_ and at least 24 bytes in base64, for example the output of: echo whsec_$(openssl rand -base64 32)",
  exitStatus.usage,
)

const noDesktop = failedBecause("--desktop works on Linux and macOS only.", exitStatus.usage)

export const chosenChannels = Effect.fnUntraced(function* (
  { commands, onDesktop, topics, webhooks }: ChosenChannels,
  { ntfyToken, webhookSecret }: SettingsValues,
) {
  if (webhooks.length > 0 && webhookSecret === undefined) return yield* noSecret
  if (onDesktop && !hasDesktop()) return yield* noDesktop
  const signed = webhookSecret === undefined ? [] : webhooks.map((url) => webhook({ url, secret: webhookSecret }))
  return [
    ...(yield* Effect.forEach(new Set(commands), (command) => exec(command))),
    ...(yield* Effect.all(signed).pipe(Effect.catchTag("WebhookSecretInvalid", () => badSecret))),
    ...(yield* Effect.forEach(topics, (url) => ntfy({ url, token: ntfyToken }))),
    ...(onDesktop ? [yield* desktop()] : []),
  ]
})
