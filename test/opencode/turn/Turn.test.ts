import { advance } from "../../support/advance.ts"
import { assert, describe, it } from "@effect/vitest"
import type { WireEvent } from "../../../src/opencode/v1/wire/WireEvent.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import {
  assistant,
  completedTool,
  done,
  event,
  failedTool,
  here,
  permission,
  ses,
  session,
  textPart,
  toolPart,
  user,
} from "../../../src/testing/samples.ts"
import { first, other, prompt, second, taken } from "./turnPieces.ts"
import { scenarios } from "./turnScenarios.ts"

const after = (...events: ReadonlyArray<WireEvent>) => events.reduce(advance, Turn.begin(here, prompt))

describe("Turn", () => {
  it.each(scenarios)("has the right outcome from events alone: $name", ({ events, outcome, text }) => {
    const turn = after(...events)
    assert.deepStrictEqual(Turn.outcome(turn), outcome)
    assert.strictEqual(Turn.text(turn), text)
    assert.isTrue(turn.accepted)
  })

  it.each(scenarios)("has the same outcome from what is stored, wherever the events are cut off: $name", (scenario) => {
    for (let cut = 0; cut <= scenario.events.length; cut++) {
      const turn = Turn.reconcile(after(...scenario.events.slice(0, cut)), scenario.stored)
      assert.deepStrictEqual(Turn.outcome(turn), scenario.outcome, `cut after ${cut}`)
      assert.strictEqual(Turn.text(turn), scenario.text, `cut after ${cut}`)
      assert.isTrue(turn.accepted)
    }
  })

  it.each(scenarios)("is not changed by events that arrive late: $name", (scenario) => {
    for (let cut = 0; cut <= scenario.events.length; cut++) {
      const reconciled = Turn.reconcile(after(...scenario.events.slice(0, cut)), scenario.stored)
      const turn = scenario.events.slice(cut).reduce(advance, reconciled)
      assert.deepStrictEqual(Turn.outcome(turn), scenario.outcome, `cut after ${cut}`)
      assert.strictEqual(Turn.text(turn), scenario.text, `cut after ${cut}`)
    }
  })

  it.each(scenarios.filter(({ outcome }) => !outcome._tag.startsWith("needs")))(
    "is never over before its newest message is final: $name",
    ({ events }) => {
      for (let cut = 0; cut <= events.length; cut++) {
        const outcome = Turn.outcome(after(...events.slice(0, cut)))
        const over = outcome !== undefined && !outcome._tag.startsWith("needs")
        const final = events
          .slice(0, cut)
          .some(
            (seen) =>
              seen.type === "message.updated" &&
              seen.properties.info.role === "assistant" &&
              seen.properties.info.time.completed !== undefined,
          )
        assert.isTrue(!over || final, `over after ${cut} events`)
      }
    },
  )

  it("is not over at the first idle of an abort, which comes before the message is final", () => {
    const scenario = scenarios.find(({ name }) => name === "an abort while text streams")
    const events = scenario?.events ?? []
    const firstIdle = events.findIndex(({ type }) => type === "session.idle")
    assert.isUndefined(Turn.outcome(after(...events.slice(0, firstIdle + 1))))
  })

  it("has failed with the first error if there is no answer", () => {
    const turn = after(
      ...taken,
      event.error({ kind: "failed", message: "Model not found: nope/m" }),
      ...event.idle(),
      event.error({ kind: "failed", message: "Error: at stack (trace.ts)" }),
    )
    assert.deepStrictEqual(Turn.outcome(turn), { _tag: "failed", detail: "Model not found: nope/m" })
  })

  it("is undecided while the session is idle and there is no answer", () => {
    assert.isUndefined(Turn.outcome(after(...event.idle())))
    assert.isUndefined(Turn.outcome(after(...taken, ...event.idle())))
  })

  it("is rejected if one of several tool calls of the last step was rejected", () => {
    const turn = after(
      ...taken,
      event.message(assistant(first, prompt)),
      event.part(toolPart(first, failedTool("The user rejected permission"), "bash")),
      event.part(toolPart(first, completedTool("hi"), "read")),
      event.message(assistant(first, prompt, done("tool-calls"))),
      ...event.idle(),
    )
    assert.strictEqual(Turn.outcome(turn)?._tag, "rejected")
  })

  it("appends each delta to its text, and replaces it with the completed part", () => {
    const part = textPart(first, "")
    const opened = [event.message(assistant(first, prompt)), event.part(part)]
    const streaming = after(...opened, event.delta(part, "He"), event.delta(part, "llo"))
    assert.strictEqual(Turn.text(streaming), "Hello")
    assert.strictEqual(Turn.text(advance(streaming, event.part({ ...part, text: "Hello!" }))), "Hello!")
  })

  it("keeps streamed text that is not stored yet, until the message is completed", () => {
    const part = textPart(first, "")
    const streaming = after(event.message(assistant(first, prompt)), event.part(part), event.delta(part, "Hello"))
    const stored = { status: { type: "busy" } as const, pending: [] }
    const running = Turn.reconcile(streaming, {
      ...stored,
      messages: [{ info: assistant(first, prompt), parts: [part] }],
    })
    assert.strictEqual(Turn.text(running), "Hello")
    const info = assistant(first, prompt, done())
    const over = Turn.reconcile(streaming, { ...stored, messages: [{ info, parts: [{ ...part, text: "Hi" }] }] })
    assert.strictEqual(Turn.text(over), "Hi")
  })

  it("joins the texts of its steps in order and leaves out synthetic text", () => {
    const turn = after(
      event.message(assistant(first, prompt)),
      event.part(textPart(first, "One")),
      event.part({ ...textPart(first, "Secret", "prt_s"), synthetic: true }),
      event.message(assistant(second, prompt)),
      event.part(textPart(second, "Two")),
    )
    assert.strictEqual(Turn.text(turn), "One\n\nTwo")
  })

  it("ignores what belongs to other sessions and other turns", () => {
    const turn = after(...taken, event.message(assistant(first, prompt)))
    const foreign: ReadonlyArray<WireEvent> = [
      ...event.idle(ses("else")),
      event.error({ kind: "failed", message: "UnknownError" }, ses("else")),
      event.message(assistant(second, other, { ...done(), time: { created: 1, completed: 2 } })),
      event.part(textPart(second, "Not ours")),
      event.delta(textPart(second, ""), "Not ours"),
      event.asked(permission("9", ses("else"))),
      event.created(session("else2", { parentID: ses("else") })),
      { type: "unrecognised", raw: { type: "session.idle" } },
    ]
    assert.deepStrictEqual(foreign.reduce(advance, turn), turn)
  })

  it("waits for what the subagent of a subagent waits for", () => {
    const turn = after(
      ...taken,
      event.created(session("child", { parentID: here })),
      event.created(session("grandchild", { parentID: ses("child") })),
      event.asked(permission("3", ses("grandchild"))),
    )
    assert.strictEqual(Turn.outcome(turn)?._tag, "needs permission")
  })

  it("keeps a second request when the first is decided", () => {
    const turn = after(
      ...taken,
      event.asked(permission("1")),
      event.asked(permission("2")),
      event.replied(permission("1")),
    )
    assert.deepStrictEqual(Turn.outcome(turn), { _tag: "needs permission", request: permission("2") })
  })

  it("does not count the summary of a repeated compaction as an answer", () => {
    const goesOn = { ...user(other).info, time: { created: 1300 } }
    const last = { ...assistant(second, other, done()), time: { created: 1400, completed: 1500 } }
    const events = [
      ...taken,
      event.message(assistant(first, prompt, { summary: true })),
      event.part(textPart(first, "What was said before")),
      event.message(assistant(first, prompt, { ...done(), summary: true })),
      event.message(goesOn),
      event.message(last),
      event.part(textPart(second, "The answer")),
    ]
    assert.isUndefined(Turn.outcome(after(...events.slice(0, 6), ...event.idle())))
    const turn = after(...events, ...event.idle())
    assert.deepStrictEqual(Turn.outcome(turn), { _tag: "completed" })
    assert.strictEqual(Turn.text(turn), "The answer")
  })

  it("sorts what was missed into opencode's order, whatever arrived since", () => {
    const answers = [
      { ...assistant(first, prompt, done("tool-calls")), time: { created: 1100, completed: 1150 } },
      { ...assistant(second, prompt, done()), time: { created: 1200, completed: 1250 } },
    ] as const
    const heard = after(...taken, event.message(answers[1]), event.part(textPart(second, "Last.")))
    const turn = Turn.reconcile(heard, {
      status: { type: "idle" },
      messages: [
        user(prompt),
        { info: answers[0], parts: [textPart(first, "First.")] },
        { info: answers[1], parts: [textPart(second, "Last.")] },
      ],
      pending: [],
    })
    assert.deepStrictEqual(Turn.outcome(turn), { _tag: "completed" })
    assert.strictEqual(Turn.text(turn), "First.\n\nLast.")
  })

  it("has a retry as its status and stays undecided", () => {
    const retry = { type: "retry", attempt: 2, message: "overloaded", next: 9000 } as const
    const turn = after(...taken, event.status(retry))
    assert.deepStrictEqual(turn.status, retry)
    assert.isUndefined(Turn.outcome(turn))
  })

  it("ignores a late error of the turn before", () => {
    const turn = after(event.error({ kind: "failed", message: "of before" }), ...taken, ...event.idle())
    assert.isUndefined(Turn.outcome(turn))
  })
})
