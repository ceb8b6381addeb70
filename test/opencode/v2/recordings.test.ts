/** Plays recorded event streams of the real opencode 2.0.15 through the translation and the fold of turns. */
import { assert, describe, it } from "@effect/vitest"
import type { SessionStatus } from "../../../src/opencode/sessions/Session.ts"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { eventsOf, framesOf, play } from "../../support/recordings2.ts"

/** Recording, the beginning of the prompt, the outcomes on the way, and what is in the final outcome or the text. */
const expected = [
  ["01-plain-turn", "hello world", ["completed"], "Echo: hello world"],
  ["02-once", "run: echo hi", ["needs permission", "completed"], "Tool said: hi"],
  ["02-always", "run: echo b2", ["completed"], "Tool said: b2"],
  ["02-reject", "run: echo no", ["needs permission", "rejected"], "shell: The user declined this tool call"],
  ["02-tworeject", "two: y", ["needs permission", "rejected"], "shell: The user declined this tool call"],
  ["02-rejectmsg", "run: echo no", ["needs permission", "completed"], "Unable to execute command"],
  ["02-question", "ask: Which colour?", ["needs answer", "completed"], "User has answered your questions"],
  ["02-questionreject", "ask: Which colour?", ["needs answer", "rejected"], "The user dismissed this question"],
  ["02-unauth", "unauth please", ["failed"], "bad key (status 401)"],
  ["02-bad", "bad please", ["failed"], "bad request from script (status 400)"],
  ["02-rate", "rate ra", ["completed"], "Echo: rate ra"],
  ["02-fail", "fail please", ["failed"], "scripted failure (status 500)"],
  ["02-drop", "drop x", ["completed"], "half"],
  ["02-length", "length x", ["completed"], 'the model stopped because of "length"'],
  ["02-length", "filter x", ["failed"], "Provider blocked the response"],
  ["02-abortstream", "slow 40", ["aborted"], "Echo: slow 40"],
  // Only the stored state tells an abort from a refusal in another process.
  ["02-abortperm", "run: echo zz", ["needs permission"], "I run it."],
  ["02-abortform", "ask: Which colour?", ["needs answer"], ""],
  ["02-abortretry", "fail please", ["aborted"], ""],
  ["03-queue", "slow 6", ["completed"], "Echo: slow 6"],
  ["03-queue", "queued B", ["completed"], "Echo: queued B"],
  ["03-queue", "queued D", ["completed"], "Echo: queued D"],
  ["03-same", "instant A", ["completed"], "opencode answered it together with"],
  ["03-steertool", "run: echo t", ["needs permission", "completed"], "together with a message"],
  ["03-interruptqueue", "queued B", ["completed"], "Echo: queued B"],
  ["03-unknown", "hi", ["failed"], "Model unavailable: nope/m"],
  ["06-autocompact", "next prompt", ["completed"], "Echo:"],
  ["06-overflow", "overflow now", ["completed"], "Echo:"],
  ["06-subagent", "sub: run: echo child", ["needs permission", "completed"], "Tool said: <subagent"],
  ["06-subagentreject", "sub: run: echo child", ["needs permission", "completed"], "Subagent cancelled"],
  ["06-subagentabort", "sub: slow 30", ["aborted"], ""],
  ["15-inactivity-clock-60-times-faster", "run: echo wait", ["needs permission", "interrupted"], "60 minutes"],
  ["17-bgsub", "tool subagent", ["completed"], "working in the background"],
  ["18-queue-after-other-ends", "B queued", ["completed"], "Echo: B queued"],
  ["18-queue-after-other-ends", "bad thing", ["failed"], "bad request from script"],
  ["18-queue-after-other-ends", "run: echo r", ["needs permission", "rejected"], "declined"],
  ["18-queue-after-other-ends", "slow 30", ["aborted"], "Echo: slow"],
] as const

describe("a turn of opencode 2, followed by its events", () => {
  it.each(expected)("recorded %s: %s is %j with %j", (recording, prompt, outcomes, said) => {
    const played = play(recording).find(({ text }) => text.startsWith(prompt))
    assert.isDefined(played)
    assert.deepStrictEqual(played.outcomes, outcomes)
    const outcome = Turn.outcome(played.turn)
    const detail = outcome !== undefined && "detail" in outcome ? outcome.detail : ""
    assert.include(`${detail}\n${Turn.text(played.turn)}`, said)
  })

  it("that waits for a retry shows the reason, the next try and its time", () => {
    const retries = eventsOf(framesOf("02-rate")).filter(
      (event) => event._tag === "StatusChanged" && event.status.type === "retry",
    )
    const common = { type: "retry", message: "rate limited" } as const
    const statuses: Array<SessionStatus> = [
      { ...common, attempt: 2, next: 1795885548572 },
      { ...common, attempt: 3, next: 1795885553044 },
    ]
    assert.deepStrictEqual(
      retries.flatMap((event) => (event._tag === "StatusChanged" ? event.status : [])),
      statuses,
    )
  })

  it("that a stopped server leaves behind has no outcome by its events alone", () => {
    const slow = play("04-restart-before-SIGTERM").filter(({ text }) => text === "slow 60")
    assert.isNotEmpty(slow)
    for (const { outcomes, turn } of slow) {
      assert.deepStrictEqual(outcomes, [])
      assert.strictEqual(Turn.unfinishedOutcome(turn, false)._tag, "interrupted")
    }
  })

  it("is not changed by background work that ends after it", () => {
    const [played] = play("17-bgsub")
    assert.isDefined(played)
    assert.notInclude(Turn.text(played.turn), "Echo: <subagent")
    const outcome = Turn.outcome(played.turn)
    assert.include(outcome?._tag === "completed" ? outcome.detail : "", "left work in the background (subagent)")
  })

  it("is followed with the streamed text before the text is complete", () => {
    const frames = framesOf("01-plain-turn")
    const until = frames.findIndex((frame) => JSON.stringify(frame).includes("session.text.ended"))
    const deltas = eventsOf(frames.slice(0, until)).filter(({ _tag }) => _tag === "TextDelta")
    assert.isNotEmpty(deltas)
  })

  it("shows the permission with its whole command line and what `always` saves", () => {
    const opened = eventsOf(framesOf("02-once")).find(({ _tag }) => _tag === "RequestOpened")
    assert.isTrue(opened?._tag === "RequestOpened" && opened.pending.kind === "permission")
    if (opened?._tag !== "RequestOpened") return
    assert.deepInclude(opened.pending.request, {
      permission: "shell",
      always: ["echo *", "cat *"],
      details: { command: "echo hi > f.txt; cat f.txt" },
    })
  })
})
