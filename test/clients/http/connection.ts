/** How one client reaches the server over HTTP, and the call during which its connections break. */
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

export const connectionOf = Effect.fnUntraced(function* (fleet: Fleet, { port, token, tokenFile }: Served) {
  const session = yield* fleet.newSession
  const called = yield* Deferred.make<void>()
  const proxy = yield* makeRecordingProxy({
    port,
    onRequest: ({ method, params }) => {
      if (method === "tools/call" && isCutCall(params)) Deferred.doneUnsafe(called, Effect.void)
    },
  })
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
    url: proxy.url,
    recording: proxy.recording,
    headers: { authorization: `Bearer ${token}` },
    /** For clients that read the token from a variable. */
    environment: { OPENCODE_FLEET_TOKEN: token },
    /** Further arguments of `config`. */
    configFlags: ["--http", proxy.url, "--token-file", tokenFile],
    cutCall: { tool: "send_message", input: { instance: "main", session_id: session, message } },
    /** How often the cut connections were cut in a turn, and how often its message was stored. */
    cuts: proxy.cuts,
    stored: Effect.map(fleet.stored(session), (texts) => texts.filter((text) => text === message).length),
  }
})
