/** Follows the turn of a task that an earlier process began. Reads only: what was not sent stays unsent. */
import { Clock, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { EffectUncertain } from "../../opencode/errors.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Target } from "../../opencode/Target.ts"
import * as Turn from "../../opencode/turn/Turn.ts"
import { findPrompt } from "../../opencode/turns/findPrompt.ts"
import { confirmArrival } from "../../opencode/turns/promptArrival.ts"
import type { SessionAddress } from "../../opencode/turns/SessionAddress.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import { makeUseAndTouch } from "../shared/useAndTouch.ts"
import { type FollowerOptions, makeFollower } from "../turns/follower.ts"
import { UnansweredMessages } from "../turns/UnansweredMessages.ts"
import { type Checkpoint, messageDigest, shortName } from "./checkpoint.ts"

/** A message that arrived just before the restart is stored within this time. */
const storedWithin = "5 seconds"

const promptOf = Effect.fnUntraced(function* (address: SessionAddress, checkpoint: Checkpoint) {
  const { opencode, session, target } = address
  switch (checkpoint._tag) {
    case "Last":
      return undefined
    case "Turn": {
      const turn = Turn.begin(session.id, checkpoint.prompt)
      return (yield* confirmArrival(address, turn, "opencode-fleet was restarted", storedWithin)).prompt
    }
    case "Message": {
      const prompt = yield* findPrompt(
        opencode,
        session,
        checkpoint.since,
        (text) => messageDigest(text) === checkpoint.digest,
      )
      return prompt === undefined
        ? yield* new EffectUncertain({
            instance: target.instance,
            effect: "prompt",
            session: session.id,
            detail: "opencode-fleet was restarted while it waited for its turn, and the session has no such message",
          })
        : prompt
    }
  }
})

export const makeContinueTask = Effect.fnUntraced(function* (followerOptions: FollowerOptions) {
  const use = yield* makeUseAndTouch
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const turns = yield* Turns
  const follower = yield* makeFollower(followerOptions)

  const nameOf = ({ instance }: Checkpoint) =>
    Effect.map(
      fleet.snapshot,
      ({ instances }) => instances.find(({ name }) => shortName(name) === instance)?.name ?? instance,
    )

  const follow = Effect.fnUntraced(function* (target: Target, checkpoint: Checkpoint, startedAt: number) {
    const opencode = client.at(target)
    const session = yield* opencode.session(checkpoint.session)
    const prompt = yield* promptOf({ target, opencode, session }, checkpoint)
    const { options, report } = yield* follower({ target, opencode, session }, startedAt)
    const { forget } = yield* UnansweredMessages
    const view = yield* report((stages) => turns.follow(target, session, { ...options, prompt, stages }))
    if (prompt !== undefined) yield* forget(prompt)
    return view
  })

  return Effect.fnUntraced(function* (checkpoint: Checkpoint) {
    const startedAt = yield* Clock.currentTimeMillis
    return yield* use(yield* nameOf(checkpoint), (target) => follow(target, checkpoint, startedAt))
  })
})
