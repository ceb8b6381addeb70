/** The roots of the working trees that sessions work in, cached: opencode's paths are relative to them. */
import { Effect } from "effect"
import type { ClientError } from "../errors.ts"
import { makeCall } from "../http/makeCall.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Target } from "../Target.ts"
import { makeValueCache } from "../valueCache.ts"
import type { Routes } from "./routes.ts"
import { inDirectory } from "./serverRequests.ts"

interface Key {
  readonly target: Target
  readonly session: SessionId
}

export const makeWorktrees = ({ api }: Routes) =>
  Effect.map(
    makeValueCache(
      ({ session, target }: Key): Effect.Effect<string, ClientError> => {
        const call = makeCall(target)
        return Effect.gen(function* () {
          const { data } = yield* api.session
            .get({ params: { sessionID: session } })
            .pipe(call("get session", { session }))
          const { project } = yield* api.server.location(inDirectory(data.location.directory)).pipe(call("location"))
          return project.directory
        })
      },
      // A session can be moved to another directory.
      { capacity: 1000, timeToLive: "10 minutes" },
    ),
    (cached) =>
      (target: Target, session: SessionId): Effect.Effect<string, ClientError> =>
        cached({ target, session }),
  )

export type Worktrees = Effect.Success<ReturnType<typeof makeWorktrees>>
