/** How one client reaches the server over HTTP, with a token or by a login, and the call during which its connections break. */
import { Deferred, Effect, Schedule } from "effect"
import type { Fleet } from "../Stage.ts"
import { makeRecordingProxy } from "./recordingProxy.ts"
import type { Served } from "./servedFleet.ts"

/** A turn of 8 s. */
const message = "slow: 80"

/** The client has been told of the turn's beginning by then. */
const intoTheTurn = "2 seconds"

export const isCutCall = (parameters: unknown): boolean =>
  JSON.stringify(parameters ?? {}).includes(JSON.stringify(message))

/** What a login should ask for. */
const loginScopes = "fleet:read fleet:send"

export const connectionOf = Effect.fnUntraced(function* (fleet: Fleet, served: Served, logsIn: boolean) {
  const { token, tokenFile } = served
  const login = logsIn ? yield* served.serveWithLogin : undefined
  const session = yield* fleet.newSession
  const called = yield* Deferred.make<void>()
  const proxy = yield* makeRecordingProxy({
    port: login?.port ?? served.port,
    logsIn,
    onRequest: ({ method, params }) => {
      if (method === "tools/call" && isCutCall(params)) Deferred.doneUnsafe(called, Effect.void)
    },
  })
  login?.front.leadTo(proxy.port)
  const url = login?.front.url.href ?? proxy.url
  yield* Deferred.await(called).pipe(
    Effect.andThen(
      Effect.repeat(fleet.isBusy(session), {
        until: (isBusy) => isBusy,
        schedule: Schedule.spaced("100 millis"),
      }),
    ),
    Effect.andThen(Effect.sleep(intoTheTurn)),
    Effect.andThen(proxy.cut),
    Effect.forkScoped,
  )
  return {
    url,
    recording: proxy.recording,
    headers: { authorization: `Bearer ${token}` },
    /** For clients that read the token from a variable. */
    environment: logsIn ? {} : { OPENCODE_FLEET_TOKEN: token },
    /** Further arguments of `config`. */
    configFlags: ["--http", url, ...(logsIn ? ["--login"] : ["--token-file", tokenFile])],
    /** What was not as it should be when the client logged in. */
    loginProblems: Effect.sync((): ReadonlyArray<string> => {
      if (login === undefined) return []
      const { logins } = login.issuer
      const others = logins.filter((scopes) => scopes !== loginScopes).map((scopes) => `it asked for ${scopes}`)
      return logins.length === 0 ? ["it did not log in"] : others
    }),
    cutCall: { tool: "send_message", input: { instance: "main", session_id: session, message } },
    /** How often the cut connections were cut in a turn, and how often its message was stored. */
    cuts: proxy.cuts,
    stored: Effect.map(fleet.stored(session), (texts) => texts.filter((text) => text === message).length),
  }
})
