/** What of a turn reaches stdout, character by character, and what stderr. */
import { advance } from "../../support/advance.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { makeTurnScreen } from "../../../src/cli/terminal/turnScreen.ts"
import type { WireEvent } from "../../../src/opencode/v1/wire/WireEvent.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { first, opened, prompt, second, taken, written } from "../../opencode/turn/turnPieces.ts"
import { scenarios } from "../../opencode/turn/turnScenarios.ts"
import { event, here, textPart } from "../../support/samples.ts"
import { fakeTerminal } from "./fakeTerminal.ts"

/** A screen, and a turn that it is shown after each event. */
const showing = Effect.fnUntraced(function* (silent = false) {
  const { layer, written } = fakeTerminal()
  const screen = yield* Effect.provide(makeTurnScreen(silent), layer())
  let turn = Turn.begin(here, prompt)
  const change = (next: Turn.Turn) => screen.written((turn = next))
  return {
    stdout: written,
    screen,
    hear: (...events: ReadonlyArray<WireEvent>) =>
      Effect.forEach(events, (event) => Effect.suspend(() => change(advance(turn, event)))),
    lose: Effect.suspend(() => change(Turn.missed(turn))),
  }
})

const text = textPart(first, "")
const closed = (text: string): WireEvent => event.part({ ...textPart(first, text), time: { start: 1, end: 2 } })

describe("The text of a turn on stdout", () => {
  it.effect.each(scenarios)("is written once, each character of it: $name", ({ events, text }) =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* showing()
      yield* hear(...events)
      yield* screen.end
      assert.strictEqual(stdout(), text === "" ? "" : `${text}\n`)
    }),
  )

  it.effect("comes as it is written", () =>
    Effect.gen(function* () {
      const { hear, stdout } = yield* showing()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One, "))
      assert.strictEqual(stdout(), "One,")
      yield* hear(event.delta(text, "two"))
      assert.strictEqual(stdout(), "One, two")
    }),
  )

  it.effect("has no blank too many where opencode cuts them off before it goes on", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* showing()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One. \n"), closed("One."))
      yield* hear(...opened(second), ...written(second, "Two."))
      yield* screen.end
      assert.strictEqual(stdout(), "One.\n\nTwo.\n")
    }),
  )

  it.effect("waits at a gap until that is filled", () =>
    Effect.gen(function* () {
      const { hear, lose, screen, stdout } = yield* showing()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One, "))
      yield* lose
      yield* hear(event.delta(text, "three."))
      assert.strictEqual(stdout(), "One,")
      yield* hear(closed("One, two, three."))
      yield* screen.end
      assert.strictEqual(stdout(), "One, two, three.\n")
    }),
  )

  it.effect("repeats the line in which something was changed that has been shown", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* showing()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One.\nSecret"), closed("One.\n(cut)"))
      yield* screen.end
      assert.strictEqual(stdout(), "One.\nSecret\n(cut)\n")
    }),
  )

  it.effect("plays no tricks on the terminal, and halves no character", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* showing()
      const [high = "", low = ""] = "👍".split("")
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, `\u001B[2J\u202Ehi ${high}`))
      yield* hear(event.delta(text, low))
      yield* screen.end
      assert.strictEqual(stdout(), "[2Jhi 👍\n")
    }),
  )

  it.effect("is not there for who asked for JSON", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* showing(true)
      yield* hear(...taken, ...opened(), ...written(first, "Hello"))
      yield* screen.end
      assert.strictEqual(stdout(), "")
    }),
  )
})

describe("What else is told of a turn", () => {
  it.effect("stands on stderr, and never breaks the text where that goes elsewhere", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* showing()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One"))
      yield* screen.note("bash running")
      yield* hear(event.delta(text, " word"))
      assert.strictEqual(stdout(), "One word")
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["bash running"])
    }),
  )

  it.effect("begins a line of its own on a screen that shows both", () =>
    Effect.gen(function* () {
      const { layer, written } = fakeTerminal()
      const together = { stdoutIsTerminal: Effect.succeed(true), stderrIsTerminal: Effect.succeed(true) }
      const screen = yield* Effect.provide(makeTurnScreen(false), layer({}, together))
      const events = [...taken, ...opened(), event.part(text), event.delta(text, "One")]
      yield* screen.written(events.reduce(advance, Turn.begin(here, prompt)))
      yield* screen.note("first")
      yield* screen.note("second")
      assert.strictEqual(written(), "One")
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["", "first", "second"])
    }),
  )
})
