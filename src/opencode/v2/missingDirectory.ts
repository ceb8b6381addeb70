/**
 * Names the reason for an answer that has none: opencode 2 answers 500 without a body about a session whose directory does
 * not exist.
 */
import { Effect } from "effect"
import { type ClientError, DirectoryNotFound } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Routes } from "./routes.ts"

export const isWithoutReason = (error: ClientError) => error._tag === "UnexpectedResponse" && error.status === 500

/** Runs requests as `call` does. Those about a session fail with `DirectoryNotFound` if its directory is missing. */
export const namingMissingDirectories = ({ api }: Routes, call: Call, instance: string): Call => {
  /** The directory of the session, if opencode cannot use it. */
  const missingDirectory = Effect.fnUntraced(function* (sessionID: SessionId) {
    const { data } = yield* api.session.get({ params: { sessionID } }).pipe(call("get session", { session: sessionID }))
    const { directory } = data.location
    const isMissing = yield* api.server.location({ query: { "location[directory]": directory } }).pipe(
      call("location"),
      Effect.as(false),
      Effect.catchIf(isWithoutReason, () => Effect.succeed(true)),
    )
    return isMissing ? directory : undefined
  })

  return (name, options) => (request) =>
    call(
      name,
      options,
    )(request).pipe(
      Effect.catchIf(isWithoutReason, (error): Effect.Effect<never, ClientError> => {
        if (options?.session === undefined) return Effect.fail(error)
        return missingDirectory(options.session).pipe(
          Effect.orElseSucceed(() => undefined),
          Effect.flatMap((directory) =>
            Effect.fail(directory === undefined ? error : new DirectoryNotFound({ instance, directory })),
          ),
        )
      }),
    )
}
