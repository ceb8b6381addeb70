/** A call that can become a task: what its handler sees, and what its client asks about. */
import type { CallToolResult, InputRequest, ServerContext } from "@modelcontextprotocol/server"
import { Clock, Deferred, Effect, Latch, Option, SubscriptionRef } from "effect"
import type { ElicitationReply } from "../Call.ts"
import { duringTask, type Elicitation, type Surface } from "../elicitation.ts"
import { progressOf } from "../progress.ts"
import { begin, change, type TaskChange } from "./taskState.ts"

/** Replies that came before their question, after a restart. */
const maxEarlyReplies = 16

interface Origin {
  readonly context: ServerContext
  readonly createdAt: number
  /** Set for a call that continues one of an earlier process. */
  readonly resumed: Elicitation["resumed"]
}

export const makeFollowedCall = Effect.fnUntraced(function* ({ context, createdAt, resumed }: Origin) {
  const state = yield* SubscriptionRef.make(begin(createdAt))
  const checkpointed = yield* Latch.make()
  const replies = new Map<string, Deferred.Deferred<ElicitationReply>>()
  const early = new Map<string, ElicitationReply>()
  const asked = new Set<string>()
  let checkpoint: string | undefined
  let isAnswered = false

  const tell = (event: TaskChange) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      SubscriptionRef.update(state, (before) => change(before, event, now)),
    )

  /** Unlike those of all questions before, because a client shows each only once. */
  const keyOf = (name: string): string => {
    let key = name
    for (let copy = 2; asked.has(key); copy++) key = `${name}.${copy}`
    asked.add(key)
    return key
  }

  const ask = Effect.fnUntraced(function* (request: InputRequest, name: string | undefined) {
    const key = keyOf(name ?? crypto.randomUUID())
    const known = early.get(key)
    if (known !== undefined) return known
    const reply = yield* Deferred.make<ElicitationReply>()
    replies.set(key, reply)
    yield* tell({ _tag: "Asked", key, request })
    // Only a task can show the question.
    yield* checkpointed.open
    return yield* Effect.ensuring(
      Deferred.await(reply),
      Effect.andThen(
        Effect.sync(() => void replies.delete(key)),
        tell({ _tag: "Settled", key }),
      ),
    )
  })

  const { progress, wantsProgress } = progressOf(context)
  const elicitation = duringTask(context, resumed, ask)
  const surface: Surface<CallToolResult> = {
    elicit: (handler) => handler(elicitation),
    values: {
      wantsProgress: true,
      progress: (update) =>
        Effect.andThen(
          tell({ _tag: "Progress", message: update.message }),
          Effect.suspend(() => (wantsProgress && !isAnswered ? progress(update) : Effect.void)),
        ),
      task: {
        checkpoint: (newest) =>
          Effect.andThen(
            Effect.sync(() => void (checkpoint = newest)),
            checkpointed.open,
          ),
      },
    },
  }

  return {
    surface,
    state,
    tell,
    /** Waits until the call may become a task. */
    checkpointed: checkpointed.await,
    /** The newest checkpoint. From now on the request is answered, and takes no progress. */
    leaveRequest: Effect.sync(() => {
      isAnswered = true
      return checkpoint
    }),
    /** A reply to what is not asked is ignored, except after a restart, when the question may come later. */
    answer: (key: string, reply: ElicitationReply) =>
      Effect.suspend(() => {
        const open = replies.get(key)
        if (open !== undefined) return Deferred.succeed(open, reply)
        if (Option.isSome(resumed) && !asked.has(key) && early.size < maxEarlyReplies) early.set(key, reply)
        return Effect.void
      }),
  }
})

export type FollowedCall = Effect.Success<ReturnType<typeof makeFollowedCall>>
