/** What a turn prints on stdout, character by character, and on stderr. */
import { advance } from "../../support/advance.ts"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { makeTurnScreen } from "../../../src/cli/terminal/turnScreen.ts"
import type { WireEvent } from "../../../src/opencode/v1/wire/WireEvent.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { first, opened, prompt, second, taken, written } from "../../opencode/turn/turnPieces.ts"
import { scenarios } from "../../opencode/turn/turnScenarios.ts"
import type { ToolState } from "../../../src/opencode/sessions/Message.ts"
import { event, here, textPart, toolPart } from "../../../src/testing/samples.ts"
import { fakeTerminal } from "./fakeTerminal.ts"

/** A screen that shows the turn after each event. */
const startScreen = Effect.fnUntraced(function* (silent = false) {
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
  it.effect.each(scenarios)("is printed completely, each character once: $name", ({ events, text }) =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* startScreen()
      yield* hear(...events)
      yield* screen.end
      assert.strictEqual(stdout(), text === "" ? "" : `${text}\n`)
    }),
  )

  it.effect("is streamed", () =>
    Effect.gen(function* () {
      const { hear, stdout } = yield* startScreen()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One, "))
      assert.strictEqual(stdout(), "One,")
      yield* hear(event.delta(text, "two"))
      assert.strictEqual(stdout(), "One, two")
    }),
  )

  it.effect("has no trailing blanks that opencode trims", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* startScreen()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One. \n"), closed("One."))
      yield* hear(...opened(second), ...written(second, "Two."))
      yield* screen.end
      assert.strictEqual(stdout(), "One.\n\nTwo.\n")
    }),
  )

  it.effect("waits at a gap until it is filled", () =>
    Effect.gen(function* () {
      const { hear, lose, screen, stdout } = yield* startScreen()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One, "))
      yield* lose
      yield* hear(event.delta(text, "three."))
      assert.strictEqual(stdout(), "One,")
      yield* hear(closed("One, two, three."))
      yield* screen.end
      assert.strictEqual(stdout(), "One, two, three.\n")
    }),
  )

  it.effect("repeats a line if text that was already shown has changed", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* startScreen()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One.\nSecret"), closed("One.\n(cut)"))
      yield* screen.end
      assert.strictEqual(stdout(), "One.\nSecret\n(cut)\n")
    }),
  )

  it.effect("contains no control characters, and no half characters", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* startScreen()
      const [high = "", low = ""] = "👍".split("")
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, `\u001B[2J\u202Ehi ${high}`))
      yield* hear(event.delta(text, low))
      yield* screen.end
      assert.strictEqual(stdout(), "[2Jhi 👍\n")
    }),
  )

  it.effect("is not printed with --json", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* startScreen(true)
      yield* hear(...taken, ...opened(), ...written(first, "Hello"))
      yield* screen.end
      assert.strictEqual(stdout(), "")
    }),
  )
})

const call = (state: ToolState) => event.part(toolPart(first, state))

describe("The tools of a turn", () => {
  const input = { command: "npm test" }
  const running = call({ status: "running", input })
  const passed = call({ status: "completed", input, output: "", time: { start: 1000, end: 4000 } })

  it.effect("are a line each when they have ended, once", () =>
    Effect.gen(function* () {
      const { hear } = yield* startScreen()
      yield* hear(...taken, ...opened(), running)
      assert.deepStrictEqual(yield* TestConsole.errorLines, [])
      yield* hear(passed, passed, event.part(text), event.delta(text, "One"))
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["$ npm test ✓ 3 s"])
    }),
  )

  it.effect("are a line if the command ends before them", () =>
    Effect.gen(function* () {
      const { hear, screen } = yield* startScreen()
      yield* hear(...taken, ...opened(), running)
      yield* screen.end
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["$ npm test …"])
    }),
  )

  it.effect("are overwritten on one screen until they have ended, and become older instead of repeating progress", () =>
    Effect.gen(function* () {
      const { layer, written } = fakeTerminal()
      const together = { stdoutIsTerminal: Effect.succeed(true), stderrIsTerminal: Effect.succeed(true) }
      const screen = yield* Effect.provide(makeTurnScreen(false), layer({ canAnimate: true }, together))
      const turn = [...taken, ...opened(), running].reduce(advance, Turn.begin(here, prompt))
      yield* screen.written(turn)
      yield* TestClock.adjust("15 seconds")
      yield* screen.progress("Still waiting")
      assert.strictEqual(written(), "\r\u001B[K$ npm test …\r\u001B[K$ npm test … 15 s")
      yield* screen.written(advance(turn, passed))
      assert.isTrue(written().endsWith("15 s\r\u001B[K"))
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["$ npm test ✓ 3 s"])
      yield* screen.progress("Still waiting")
      assert.include(yield* TestConsole.errorLines, "Still waiting")
    }),
  )
})

describe("The notes of a turn", () => {
  it.effect("are printed on stderr, and do not break redirected text", () =>
    Effect.gen(function* () {
      const { hear, screen, stdout } = yield* startScreen()
      yield* hear(...taken, ...opened(), event.part(text), event.delta(text, "One"))
      yield* screen.note("bash running")
      yield* hear(event.delta(text, " word"))
      assert.strictEqual(stdout(), "One word")
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["bash running"])
    }),
  )

  it.effect("start on a new line if both streams share a screen", () =>
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
