/**
 * Continues following a turn: after a form that ended an earlier call, when the person's reply arrives in a call of its own,
 * or for a task of an earlier process.
 */
import { Clock, Effect, Option, Schema } from "effect"
import { makeUseAndTouch } from "../shared/useAndTouch.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Target } from "../../opencode/Target.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Turn } from "../../opencode/turn/Turn.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import { askPerson, type Brought, deliver, OpenForm, readReply } from "./askPerson.ts"
import { decisionForm } from "./decisionForm.ts"
import { Call, type ElicitationReply } from "../../mcp/Call.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { readCheckpoint } from "../tasks/checkpoint.ts"
import { makeContinueTask } from "../tasks/continueTask.ts"
import { type FollowerOptions, makeFollower } from "../turns/follower.ts"
import { UnansweredMessages } from "../turns/UnansweredMessages.ts"

const tooLate = ({ action }: ElicitationReply): Brought => ({
  notes:
    action === "accept"
      ? ["too late, because the request was settled elsewhere or its turn ended before the answer arrived"]
      : [],
})

export const makeResume = Effect.fnUntraced(function* (followerOptions: FollowerOptions) {
  const use = yield* makeUseAndTouch
  const client = yield* OpencodeClient
  const turns = yield* Turns
  const follower = yield* makeFollower(followerOptions)

  const continueTurn = Effect.fnUntraced(function* (
    target: Target,
    openForm: (typeof OpenForm)["Type"],
    reply: ElicitationReply,
    startedAt: number,
  ) {
    const opencode = client.at(target)
    const session = yield* opencode.session(openForm.session)
    const origin = { target, opencode, session }
    const pending = (yield* pendingRequestsOf(opencode, session)).find(({ request }) => request.id === openForm.request)
    const { decision, filled, notes } =
      pending === undefined ? tooLate(reply) : readReply(pending, decisionForm(pending, openForm.filled), reply)
    const { decided, round = decided.length + 1 } = openForm
    const before = { decided: [...decided, ...notes], rounds: round }
    const { asking, options, report } = yield* follower(origin, startedAt, before)
    const join = {
      ...options,
      prompt: openForm.prompt,
      decide: (request: PendingRequest, turn: Turn) => {
        if (request.request.id !== openForm.request) return options.decide(request, turn)
        // Do not ask again about the request whose form was just closed.
        return filled === undefined ? Effect.succeedNone : askPerson(asking, filled)(request, turn)
      },
      ...(pending === undefined || decision === undefined ? {} : { first: deliver(origin, decision, asking.decided) }),
    }
    const { forget } = yield* UnansweredMessages
    const view = yield* report((stages) => turns.follow(target, session, { ...join, stages }))
    // The form that ended the earlier call looked as if its caller had gone away.
    yield* forget(openForm.prompt)
    return view
  })

  const continueTask = yield* makeContinueTask(followerOptions)

  /** Follows the rest of the turn if this call answers a form or continues a task. Otherwise runs the tool. */
  return <A, E, R>(tool: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const { resumed, task } = yield* Call
      if (Option.isNone(resumed)) return yield* tool
      const { reply, state } = resumed.value
      const checkpoint = task === undefined ? undefined : readCheckpoint(state)
      if (checkpoint !== undefined) return yield* continueTask(checkpoint)
      const openForm = Schema.decodeOption(OpenForm)(state)
      if (Option.isNone(openForm)) {
        return yield* new InvalidParameter({
          parameter: "requestState",
          value: state,
          detail: "it was not issued by opencode-fleet. Nothing was sent or decided",
        })
      }
      const startedAt = yield* Clock.currentTimeMillis
      return yield* use(openForm.value.instance, (target) => continueTurn(target, openForm.value, reply, startedAt))
    })
})
