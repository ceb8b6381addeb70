/** Finds out whether a prompt that was not acknowledged has arrived. */
import { type Duration, Effect, Schedule } from "effect"
import { EffectUncertain } from "../errors.ts"
import * as Turn from "../turn/Turn.ts"
import { maxAbsence } from "./followStep.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { persistently, refreshTurn } from "./storedTurn.ts"

/** How often to check whether a message is stored. A message that arrived is stored within this time. */
const untilStored = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(8)])

/** The turn as stored; a prompt in the server's queue counts as accepted. */
const readArrival = Effect.fnUntraced(function* ({ opencode, session }: SessionAddress, turn: Turn.Turn) {
  const read = yield* refreshTurn(opencode, session, turn)
  if (read.accepted) return read
  const queue = yield* opencode.queuedPrompts(session.id)
  return queue.some(({ id }) => id === turn.prompt) ? { ...turn, accepted: true } : read
})

/** It is unknown whether the prompt has arrived. */
export const promptUncertain = ({ session, target }: SessionAddress, detail: string) =>
  new EffectUncertain({ instance: target.instance, effect: "prompt", session: session.id, detail })

/** As {@link confirmArrival}, except that a prompt which opencode does not have is a turn that is not accepted. */
export const lookForArrival = (
  address: SessionAddress,
  turn: Turn.Turn,
  reason: string,
  within: Duration.Input,
): Effect.Effect<Turn.Turn, EffectUncertain> =>
  persistently(readArrival(address, turn)).pipe(
    Effect.repeat({ while: ({ accepted }) => !accepted, schedule: untilStored }),
    Effect.timeout(within),
    Effect.mapError(() => promptUncertain(address, `the session could not be read; ${reason}`)),
  )

/**
 * Reads what opencode has stored until the prompt is found, and returns the turn. Used when the request with the prompt was
 * not acknowledged: the prompt may have arrived, so it is never sent again. `reason` says why that is uncertain.
 */
export const confirmArrival = (
  address: SessionAddress,
  turn: Turn.Turn,
  reason: string,
  within: Duration.Input = maxAbsence,
): Effect.Effect<Turn.Turn, EffectUncertain> =>
  lookForArrival(address, turn, reason, within).pipe(
    Effect.filterOrFail(
      ({ accepted }) => accepted,
      () => promptUncertain(address, `opencode has not stored the message so far; ${reason}`),
    ),
  )
