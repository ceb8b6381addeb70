/**
 * Names the reason for an answer that has none: opencode 2 answers 500 without a body about a session whose directory does
 * not exist.
 */
import { Effect } from "effect"
import { posix, win32 } from "node:path"
import { type ClientError, DirectoryNotFound } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { isUnrecognised } from "../http/tolerantArray.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Routes } from "./routes.ts"

const isWithoutReason = (error: ClientError) => error._tag === "UnexpectedResponse" && error.status === 500

/**
 * Whether the server's machine has the directory. opencode 2 answers 500 without a body for a missing directory, for one that it
 * may not read, and for everything else that goes wrong; a directory that it has loaded and that was deleted since, it still
 * calls its location. A listing does not load anything, and that of the directory above is the proof that one is missing.
 */
export const directoryLookup = ({ api }: Routes, call: Call) => {
  const list = (path: string) => api.server.files({ query: { path } }).pipe(call("files"))

  /** Fails with `error` if no directory above can be listed either. */
  const isListedAbove = (directory: string, error: ClientError): Effect.Effect<boolean, ClientError> => {
    const { basename, dirname } = directory.startsWith("/") ? posix : win32
    const above = dirname(directory)
    if (above === directory) return Effect.fail(error)
    return list(above).pipe(
      Effect.map(({ data }) =>
        data.some(
          (entry) =>
            // It may be the directory.
            isUnrecognised(entry) || (entry.type === "directory" && win32.basename(entry.path) === basename(directory)),
        ),
      ),
      Effect.catchIf(isWithoutReason, () => isListedAbove(above, error)),
    )
  }

  return (directory: string): Effect.Effect<boolean, ClientError> =>
    list(directory).pipe(
      Effect.as(true),
      Effect.catchIf(isWithoutReason, (error) =>
        Effect.flatMap(isListedAbove(directory, error), (isListed) =>
          isListed ? Effect.fail(error) : Effect.succeed(false),
        ),
      ),
    )
}

/** Runs requests as `call` does. Those about a session fail with `DirectoryNotFound` if its directory is missing. */
export const namingMissingDirectories = (routes: Routes, call: Call, instance: string): Call => {
  const hasDirectory = directoryLookup(routes, call)

  const directoryOf = (sessionID: SessionId) =>
    routes.api.session.get({ params: { sessionID } }).pipe(
      Effect.map(({ data }) => data.location.directory),
      call("get session", { session: sessionID }),
    )

  return (name, options) => (request) =>
    call(
      name,
      options,
    )(request).pipe(
      Effect.catchIf(isWithoutReason, (error): Effect.Effect<never, ClientError> => {
        const session = options?.session
        if (session === undefined) return Effect.fail(error)
        return Effect.gen(function* () {
          const directory = yield* directoryOf(session)
          return (yield* hasDirectory(directory)) ? error : new DirectoryNotFound({ instance, directory })
        }).pipe(
          Effect.orElseSucceed(() => error),
          Effect.flatMap(Effect.fail),
        )
      }),
    )
}
