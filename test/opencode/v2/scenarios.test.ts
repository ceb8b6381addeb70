/** Holds opencode 2 against the expectations of opencode 1, in recordings of the same scenarios. `npm run record` makes them. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { WireEvent } from "../../../src/opencode/v2/wire/WireEvent.ts"
import { recordings } from "../../support/Recording.ts"
import { begin, follow, framesOf, read, scenarios, storedIn } from "../../support/scenarios2.ts"
import { outcomeKnown, textKnown, verdict, written } from "../../support/verdict.ts"

const turns = scenarios.flatMap((scenario) =>
  scenario.turns.map((turn, index) => ({
    name: scenario.turns.length === 1 ? scenario.name : `${scenario.name}, turn ${index + 1}`,
    scenario,
    turn,
  })),
)

const decode = Schema.decodeUnknownOption(WireEvent)

/** Events that change nothing in a turn. */
const ignored = new Set([
  "session.agent.selected",
  "session.compaction.delta",
  "session.compaction.ended",
  "session.compaction.started",
  "session.instructions.updated",
  "session.model.selected",
  "session.step.streamed",
  "session.tool.input.ended",
])

it("has a recording of each scenario on both versions", () => {
  assert.deepStrictEqual(
    scenarios.map(({ name }) => name),
    recordings.map(({ name }) => name),
  )
})

it("expects the same of both versions, except where a turn says why not", () => {
  for (const { name, turn } of turns) {
    const index = Number(/turn (\d)$/u.exec(name)?.[1] ?? 1) - 1
    const other = recordings.find((each) => name.startsWith(each.name))?.turns[index]
    const isSame = other?.outcome === turn.outcome && other.text === turn.text
    assert.strictEqual(turn.because === undefined, isSame, name)
  }
})

describe.each(scenarios)("recorded on opencode 2: $name", (scenario) => {
  it("has no unrecognised event that concerns a turn", () => {
    const unrecognised = framesOf(scenario).filter((frame) => Option.isNone(decode(frame)))
    assert.deepStrictEqual(
      unrecognised.map(({ type }) => type).filter((type) => !ignored.has(type)),
      [],
    )
  })
})

const isDecided = (turn: Turn.Turn) => {
  const outcome = Turn.outcome(turn)?._tag
  return outcome !== undefined && !outcome.startsWith("needs")
}

describe.each(turns)("a turn followed on opencode 2: $name", ({ scenario, turn }) => {
  const { end, log, snapshots } = scenario
  const whole = follow(scenario, turn, begin(scenario, turn), 0, log.length)
  const stored = storedIn(end, scenario.session)

  it("has the outcome and the text that were recorded with it", () => {
    const last = whole.at(-1) ?? begin(scenario, turn)
    const { turn: known } = read(scenario, last, end)
    assert.strictEqual(verdict(known), turn.outcome)
    assert.strictEqual(written(known), turn.text)
  })

  it("has no outcome before its end, and keeps it", () => {
    const decided = whole.filter((station) => isDecided(station.turn))
    for (const station of decided) {
      assert.strictEqual(verdict(station.turn), turn.outcome)
      assert.strictEqual(Turn.text(station.turn), turn.text)
    }
  })

  it("has the same outcome if the connection breaks at any event", () => {
    for (const station of whole.slice(turn.begun)) {
      const { told, turn: known } = read(scenario, { ...station, turn: Turn.missed(station.turn) }, end)
      assert.strictEqual(verdict(known), outcomeKnown(stored, turn, told))
      assert.strictEqual(Turn.text(known), textKnown(turn, known))
    }
  })

  it.each(snapshots.filter(({ after }) => after >= turn.begun))(
    "has the same outcome if the connection breaks at any event and is back after $after entries",
    (snapshot) => {
      for (const station of whole.slice(turn.begun, snapshot.after + 1)) {
        const missed = { ...station, turn: Turn.missed(station.turn) }
        const back = read(scenario, missed, snapshot)
        const rest = follow(scenario, turn, back, snapshot.after, log.length)
        for (const { turn: known } of rest.filter((each) => isDecided(each.turn))) {
          assert.strictEqual(verdict(known), turn.outcome)
        }
        const { told, turn: known } = read(scenario, rest.at(-1) ?? back, end)
        assert.strictEqual(verdict(known), outcomeKnown(stored, turn, told))
        assert.strictEqual(Turn.text(known), textKnown(turn, known))
      }
    },
  )

  // A client that begins to follow later learns of a request that is open only by reading.
  it.each(snapshots.filter(() => turn.begun === 0))(
    "reads after $after entries what the events have told",
    (snapshot) => {
      const told = whole[snapshot.after]?.turn
      assert.isDefined(told)
      const { turn: known } = read(scenario, begin(scenario, turn), snapshot)
      assert.strictEqual(verdict(known), verdict(told))
      assert.deepStrictEqual([...known.pending.keys()], [...told.pending.keys()])
      assert.deepStrictEqual(Turn.toolCalls(known), Turn.toolCalls(told))
      assert.isTrue(Turn.text(told).startsWith(written(known)))
    },
  )
})
