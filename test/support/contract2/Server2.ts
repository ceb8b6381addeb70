/**
 * The server of the expectations that the real opencode 2 and its fake must both meet, and helpers for them. What the agent
 * does follows from the words of `scriptedReply.ts`.
 */
import { Context, Effect, Redacted } from "effect"
import { freshMessageId, type SessionId } from "../../../src/opencode/Identifiers.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import type { PendingRequest } from "../../../src/opencode/requests/PendingRequest.ts"
import { openRequests } from "../../../src/opencode/requests/pendingRequests.ts"
import { eventually } from "../eventually.ts"
import type { OpencodeServer } from "../OpencodeServer.ts"

/** The server under test. */
export class Server2 extends Context.Service<
  Server2,
  Pick<OpencodeServer, "url" | "directory" | "password"> & {
    /** Returns when no turn is running in the session. A fake ends the turn first. */
    readonly settle: (session: string) => Effect.Effect<unknown>
  }
>()("opencode-fleet/test/Server2") {}

export const asked = Effect.gen(function* () {
  const server = yield* Server2
  const credentials = { username: "opencode", password: Redacted.make(server.password ?? "") }
  const opencode = (yield* OpencodeClient).at({ instance: "main", url: server.url, credentials })
  return { server, opencode }
})

export const newSession = Effect.fnUntraced(function* (title: string) {
  const { opencode, server } = yield* asked
  return yield* opencode.createSession({ title, directory: server.directory })
})

export const prompt = Effect.fnUntraced(function* (session: SessionId, text: string) {
  const { opencode } = yield* asked
  const messageID = yield* freshMessageId
  yield* opencode.prompt(session, { messageID, text })
  return messageID
})

/** Sends the prompt and waits for the end of its turn. */
export const turn = Effect.fnUntraced(function* (session: SessionId, text: string) {
  const { server } = yield* asked
  const messageID = yield* prompt(session, text)
  yield* server.settle(session)
  return messageID
})

/** What the session waits for, as soon as it waits. */
export const waitingFor = Effect.fnUntraced(function* (session: SessionId) {
  const { opencode, server } = yield* asked
  const all = yield* opencode
    .pendingRequests(server.directory)
    .pipe(eventually((pending) => pending.some(({ request }) => request.sessionID === session)))
  const [pending] = yield* openRequests(
    opencode,
    all.filter(({ request }) => request.sessionID === session),
  )
  return pending as PendingRequest
})

/** The answer to a raw request: its status, its headers, and the tag of its error. */
export const raw = Effect.fnUntraced(function* (
  request: string,
  { body, credentials = true }: { readonly body?: object; readonly credentials?: boolean } = {},
) {
  const { password, url } = yield* Server2
  const [method = "", path = ""] = request.split(" ")
  return yield* Effect.promise(async (signal) => {
    const headers = {
      ...(credentials ? { authorization: `Basic ${btoa(`opencode:${password}`)}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(url + path, { method, headers, signal, ...sent })
    const text = await response.text()
    const tag = /"_tag":"(\w+)"/u.exec(text)?.[1]
    return { status: response.status, headers: response.headers, text, tag }
  })
})

/** A title and a test. */
export type Case = readonly [title: string, test: Effect.Effect<void, unknown, Server2 | OpencodeClient>]
