/** The handlers of respond_permission and answer_question. */
import { Clock, Effect } from "effect"
import { makeUseAndTouch } from "../shared/useAndTouch.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Target } from "../../opencode/Target.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import { deliver } from "./askPerson.ts"
import { type FollowerOptions, makeFollower } from "../turns/follower.ts"
import { findOrigin, findRequest } from "./findRequest.ts"
import { answer, response } from "./personDecision.ts"
import { RequestTools } from "./RequestTools.ts"
import { makeResume } from "./resume.ts"

export const requestHandlers = Effect.fnUntraced(function* (followerOptions: FollowerOptions) {
  const use = yield* makeUseAndTouch
  const client = yield* OpencodeClient
  const turns = yield* Turns
  const follower = yield* makeFollower(followerOptions)
  const resume = yield* makeResume(followerOptions)

  const decide = <Kind extends PendingRequest["kind"], E>(
    { instance, session_id: reference }: { readonly instance?: string; readonly session_id: string },
    kind: Kind,
    id: string | undefined,
    decisionOn: (pending: Extract<PendingRequest, { kind: Kind }>) => Effect.Effect<Decision, E>,
  ) =>
    Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
      use(
        instance,
        Effect.fnUntraced(function* (target: Target) {
          const origin = yield* findOrigin(client, target, reference)
          const pending = yield* findRequest(origin, [kind], id)
          const decision = yield* decisionOn(pending)
          const { decided, options, report } = yield* follower(origin, startedAt)
          const first = deliver(origin, decision, decided)
          return yield* report((stages) => turns.follow(target, origin.session, { ...options, first, stages }))
        }),
      ),
    ).pipe(resume)

  return RequestTools.of({
    respond_permission: (parameters) =>
      decide(parameters, "permission", parameters.permission_id, (pending) => response(pending, parameters)),
    answer_question: (parameters) =>
      decide(parameters, "question", parameters.question_id, (pending) => answer(pending, parameters)),
  })
})
