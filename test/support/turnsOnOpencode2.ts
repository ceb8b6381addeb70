/** The services that follow turns, without a fleet, over a real opencode 2, and a session of it. */
import { Effect, Layer, Redacted } from "effect"
import { InstanceEvents } from "../../src/opencode/events/InstanceEvents.ts"
import * as HttpTransport from "../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../src/opencode/Opencode.ts"
import type { DecideRequest } from "../../src/opencode/turns/followTurn.ts"
import { type SendOptions, Turns } from "../../src/opencode/turns/Turns.ts"
import * as OpencodeV2 from "../../src/opencode/v2/OpencodeV2.ts"

/** The services of one opencode-fleet process. */
export const turnServices = Turns.layer.pipe(
  Layer.provideMerge(InstanceEvents.layer),
  Layer.provideMerge(OpencodeV2.layer),
  Layer.provide(HttpTransport.layer),
)

export interface SessionOptions {
  readonly url: string
  readonly password: string | undefined
  readonly directory: string
  readonly title: string
  readonly timeout: SendOptions["timeout"]
}

/** A new session, and the two ways to send it a message. */
export const newSession = Effect.fnUntraced(function* (given: SessionOptions) {
  const { directory, timeout, title, url } = given
  const credentials = { username: "opencode", password: Redacted.make(given.password ?? "") }
  const target = { instance: "main", url, credentials }
  const opencode = (yield* OpencodeClient).at(target)
  const session = yield* opencode.createSession({ title, directory })
  const turns = yield* Turns
  const options = <Given extends Partial<SendOptions>>(text: string, options: Given) =>
    ({ text, ifBusy: "wait", timeout, ...options }) as const
  return {
    target,
    opencode,
    session,
    turns,
    send: (text: string, given: Partial<SendOptions> & { readonly decide?: DecideRequest } = {}) =>
      turns.send(target, session, options(text, given)),
    start: (text: string, given: Partial<SendOptions> = {}) => turns.start(target, session, options(text, given)),
  }
})
