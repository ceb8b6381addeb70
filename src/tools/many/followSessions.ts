/** Follows sessions on any instances of the fleet, each named as a caller names it. */
import { Effect } from "effect"
import { Call } from "../../mcp/Call.ts"
import { toucher } from "../../fleet/attention/Attention.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import type { TurnReport } from "../../opencode/turns/followTurn.ts"
import type { TurnStages } from "../../opencode/turns/observeTurn.ts"
import type { JoinOptions } from "../../opencode/turns/Turns.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import type { ToolError } from "../shared/errorText.ts"
import { defaultSendTimeout } from "../turns/defaultSendTimeout.ts"
import { callTimeout, type FollowerOptions, noticing, recheckIfLost } from "../turns/follower.ts"
import { unlessElsewhere } from "../turns/unlessElsewhere.ts"
import { followMany, type Member } from "./followMany.ts"
import { reportProgress } from "./manyProgress.ts"
import type { ManyTurn, Until } from "./ManyTurns.ts"

/** A session as the caller names it. */
export interface Named {
  readonly instance?: string
  readonly session_id: string
}

export type FollowOne<R> = (
  target: Target,
  session: Session,
  options: JoinOptions & { readonly stages: TurnStages },
) => Effect.Effect<TurnReport, ToolError, R>

/** The session that a reference means. */
export type FindSession<R> = (target: Target, reference: string) => Effect.Effect<Session, ToolError, R>

export interface ManyCallOptions {
  readonly until: Until
  readonly onReported?: ((turn: ManyTurn) => Effect.Effect<void>) | undefined
}

/** Follows a turn in each of the sessions: its last one, or that of a message that `follow` sends. */
export const makeFollowSessions = Effect.fnUntraced(function* ({ sendTimeout = defaultSendTimeout }: FollowerOptions) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const touchAt = yield* toucher

  const member =
    <R>(follow: FollowOne<R>, find: FindSession<R>, timeout: number) =>
    ({ instance, session_id }: Named): Member<R> => ({
      place: { instance: instance ?? "", session: session_id },
      run: ({ decide, found, stages }) =>
        fleet.use(instance, (target) =>
          Effect.gen(function* () {
            const session = yield* find(target, session_id)
            yield* found({ instance: target.instance, session: session.id, title: session.title })
            const noticed = noticing(touchAt(target.url), stages)
            const report = yield* follow(target, session, { timeout, decide, stages: noticed })
            yield* recheckIfLost(fleet, target, report)
            return report
          }),
        ),
    })

  return Effect.fnUntraced(function* <R>(
    sessions: ReadonlyArray<Named>,
    follow: FollowOne<R>,
    { onReported, until }: ManyCallOptions,
    find: FindSession<R> = (target, reference) => resolveSession(target, client.at(target), reference),
  ) {
    const call = yield* Call
    const timeout = callTimeout(call, sendTimeout)
    return yield* followMany(sessions.map(member(follow, find, timeout)), {
      until,
      timeout,
      onReported,
      observe: reportProgress(call),
    })
  })
})

/** Waits for the running turns of the sessions, or reports the last ones. */
export const makeWaitForSessions = Effect.fnUntraced(function* (options: FollowerOptions) {
  const turns = yield* Turns
  const client = yield* OpencodeClient
  const followSessions = yield* makeFollowSessions(options)
  const follow: FollowOne<never> = (target, session, options) =>
    Effect.andThen(unlessElsewhere(client.at(target), target.instance, session), turns.follow(target, session, options))
  return (sessions: ReadonlyArray<Named>, options: ManyCallOptions) => followSessions(sessions, follow, options)
})
