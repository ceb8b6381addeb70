/** The recorded event streams of the real opencode 2 (`test/fixtures/opencode2/`), and the turns that they tell of. */
import { Option, Schema } from "effect"
import { readFileSync } from "node:fs"
import type { TurnEvent } from "../../src/opencode/events/TurnEvent.ts"
import { MessageId, SessionId } from "../../src/opencode/Identifiers.ts"
import * as Turn from "../../src/opencode/turn/Turn.ts"
import { makeRefusedSteps, type RefusedSteps } from "../../src/opencode/v2/refusals.ts"
import { makeTranslator } from "../../src/opencode/v2/translateEvents.ts"

const Line = Schema.fromJsonString(Schema.Struct({ event: Schema.optional(Schema.Unknown) }))

const Enqueued = Schema.Struct({
  type: Schema.Literal("session.inbox.enqueued"),
  data: Schema.Struct({
    inboxID: MessageId,
    sessionID: SessionId,
    item: Schema.Struct({ type: Schema.Literal("user"), payload: Schema.Struct({ text: Schema.String }) }),
  }),
})

/** A turn that was followed from its prompt to the end of the recording. */
export interface PlayedTurn {
  readonly text: string
  readonly turn: Turn.Turn
  /** The different outcomes that the turn had on its way, in their order. */
  readonly outcomes: ReadonlyArray<Turn.Outcome["_tag"]>
}

export const framesOf = (recording: string): ReadonlyArray<unknown> =>
  readFileSync(new URL(`../fixtures/opencode2/${recording}.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => Schema.decodeSync(Line)(line).event ?? [])

export const eventsOf = (frames: ReadonlyArray<unknown>, refused: RefusedSteps = makeRefusedSteps()) => {
  const translate = makeTranslator(refused)
  return frames.flatMap((frame): ReadonlyArray<TurnEvent> => translate(frame, "/work"))
}

const advance = (played: PlayedTurn, event: TurnEvent): PlayedTurn => {
  const turn = Turn.advance(played.turn, event)
  const outcome = Turn.outcome(turn)?._tag
  const isNew = outcome !== undefined && outcome !== played.outcomes.at(-1)
  return { ...played, turn, outcomes: isNew ? [...played.outcomes, outcome] : played.outcomes }
}

/** Follows the turns of all prompts in a recording. */
export const play = (recording: string): ReadonlyArray<PlayedTurn> => {
  const translate = makeTranslator(makeRefusedSteps())
  let turns: Array<PlayedTurn> = []
  for (const frame of framesOf(recording)) {
    const enqueued = Option.getOrUndefined(Schema.decodeUnknownOption(Enqueued)(frame))
    if (enqueued !== undefined) {
      const { inboxID, item, sessionID } = enqueued.data
      turns.push({ text: item.payload.text, turn: Turn.begin(sessionID, inboxID), outcomes: [] })
    }
    for (const event of translate(frame, "/work")) turns = turns.map((turn) => advance(turn, event))
  }
  return turns
}
