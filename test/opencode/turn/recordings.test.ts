/** Checks the rules of a turn against recordings of the real opencode. `npm run record` makes them. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import {
  conversation,
  heard,
  memories,
  memoryOf,
  type RecordedTurn,
  type Recording,
  recordings,
  storedOf,
} from "../../support/Recording.ts"
import { outcomeKnown, textKnown, verdict, written } from "../../support/verdict.ts"
import { settled, Step, travels } from "./journey.ts"

const turns = recordings.flatMap((recording) =>
  recording.turns.map((turn, index) => ({
    name: recording.turns.length === 1 ? recording.name : `${recording.name}, turn ${index + 1}`,
    recording,
    turn,
  })),
)

/** The turn after all events of the log. */
const followed = ({ log, session }: Recording, { begun, prompt }: RecordedTurn) =>
  log
    .slice(begun)
    .flatMap((entry) => heard(entry) ?? [])
    .reduce(Turn.advance, Turn.begin(session, prompt))

const endOf = (recording: Recording) => storedOf(memoryOf(recording.end), recording.session)

describe.each(recordings)("recorded: $name", (recording) => {
  const all = memories(recording)

  it.each([...recording.snapshots, recording.end].map((snapshot) => ({ after: snapshot.after, snapshot })))(
    "stores after $after entries what the model of the storage predicts",
    ({ after, snapshot }) => {
      const model = all[after]
      assert.isDefined(model)
      const read = memoryOf(snapshot)
      assert.deepStrictEqual(model.status, read.status)
      assert.deepStrictEqual(model.requests, read.requests)
      for (const session of Object.keys(snapshot.messages)) {
        assert.deepStrictEqual(conversation(model, session), conversation(read, session))
      }
    },
  )

  it("has no unrecognised event that concerns a turn", () => {
    const unrecognised = recording.log.filter((entry) => "payload" in entry && entry.payload.type === "unrecognised")
    const types = unrecognised.map((entry) => Schema.decodeUnknownSync(UnrecognisedEntry)(entry).payload.raw.type)
    assert.deepStrictEqual(
      types.filter((type) => type !== "session.compacted"),
      [],
    )
  })
})

const UnrecognisedEntry = Schema.Struct({ payload: Schema.Struct({ raw: Schema.Struct({ type: Schema.String }) }) })

describe.each(turns)("a turn followed: $name", ({ recording, turn }) => {
  const travel = travels(recording, turn)
  const earliest = settled(recording, turn)

  it("has the outcome and the text that were recorded with it", () => {
    const end = Turn.reconcile(followed(recording, turn), endOf(recording))
    assert.strictEqual(verdict(end), turn.outcome)
    assert.strictEqual(Turn.text(end), turn.text)
  })

  it.prop(
    "has the same outcome whatever was missed, late or received twice, and no outcome before its end",
    [Schema.Array(Step)],
    ([steps]) => {
      const { connected, cut, stations } = travel(steps)
      for (const { known, turn: seen, whole } of stations) {
        if (whole) assert.isTrue(turn.text.startsWith(Turn.text(seen)), `not the beginning: ${Turn.text(seen)}`)
        assert.isAtMost(written(seen).length, turn.text.length, `too long: ${Turn.text(seen)}`)
        const outcome = Turn.outcome(seen)
        if (outcome === undefined || outcome._tag.startsWith("needs")) continue
        assert.strictEqual(outcome._tag, turn.outcome)
        assert.isAtLeast(known, earliest, `${outcome._tag} after ${known} entries`)
        // Following ends with the outcome.
        break
      }
      for (const { told, turn: end } of [connected, cut]) {
        assert.strictEqual(verdict(end), outcomeKnown(endOf(recording), turn, told))
        assert.strictEqual(Turn.text(end), textKnown(turn, end))
      }
    },
    { arbitrary: { runs: 150 } },
  )
})
