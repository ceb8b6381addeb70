/** What is recorded: each scenario plays one turn, or two that meet, and knows how they must be reported. */
import { Effect } from "effect"
import type { Outcome } from "../../src/opencode/Turn.ts"
import type { Prompted, Snapshot, Stage } from "./Stage.ts"

/** A turn of the log, and what a person who watched it would say of it. */
export interface RecordedTurn extends Prompted {
  readonly outcome: Outcome["_tag"]
  readonly text: string
}

export interface Take {
  readonly turns: ReadonlyArray<RecordedTurn>
  /** Of moments in the middle. */
  readonly snapshots?: ReadonlyArray<Snapshot>
}

export interface Scenario {
  readonly name: string
  /** Which instance: one that runs commands, one that asks before, or one that may be killed. */
  readonly on: "allowing" | "asking" | "mortal"
  readonly play: (stage: Stage) => Effect.Effect<Take, unknown>
}

/** One turn that runs to its end by itself. */
const turn = (
  name: string,
  message: string,
  outcome: Outcome["_tag"],
  text: string,
  options?: Readonly<Record<string, unknown>>,
): Scenario => ({
  name,
  on: "allowing",
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message, options)
      yield* outcome === "failed" ? stage.seen("session.error") : stage.seen("session.idle")
      yield* stage.idle
      return { turns: [{ ...prompt, outcome, text }] }
    }),
})

/** One turn that asks a person, with a snapshot while it waits. */
const asking = (
  kind: "permission" | "question",
  name: string,
  message: string,
  decide: (stage: Stage, request: string) => Effect.Effect<unknown, unknown>,
  outcome: Outcome["_tag"],
  text: string,
): Scenario => ({
  name,
  on: "asking",
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message)
      const request = yield* stage.pending(kind)
      const waiting = yield* stage.snapshot
      yield* decide(stage, request)
      yield* stage.seen("session.idle")
      yield* stage.idle
      return { turns: [{ ...prompt, outcome, text }], snapshots: [waiting] }
    }),
})

const reply = (body: unknown) => (stage: Stage, request: string) => stage.replyPermission(request, body)

/** One turn that is aborted when a frame has come. */
const aborting = (
  name: string,
  on: Scenario["on"],
  message: string,
  when: Parameters<Stage["seen"]>,
  text: string,
): Scenario => ({
  name,
  on,
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message)
      yield* stage.seen(...when)
      const before = yield* stage.snapshot
      yield* stage.abort
      yield* stage.idle
      return { turns: [{ ...prompt, outcome: "aborted", text }], snapshots: [before] }
    }),
})

/** A second prompt, as from a terminal, while the first turn is at work. */
const meeting = (
  name: string,
  on: Scenario["on"],
  message: string,
  meet: (stage: Stage) => Effect.Effect<{ other: Prompted; snapshots?: ReadonlyArray<Snapshot> }, unknown>,
  first: string,
  second: string,
): Scenario => ({
  name,
  on,
  play: (stage) =>
    Effect.gen(function* () {
      const one = yield* stage.prompt(message)
      const { other, snapshots = [] } = yield* meet(stage)
      yield* stage.seen("session.idle")
      yield* stage.idle
      return {
        turns: [
          { ...one, outcome: "completed", text: first },
          { ...other, outcome: "completed", text: second },
        ],
        snapshots,
      }
    }),
})

const nowhere = { model: { providerID: "nowhere", modelID: "none" } }

const goOn = "Continue if you have next steps, or stop and ask for clarification if you are unsure how to proceed."

export const scenarios: ReadonlyArray<Scenario> = [
  turn("plain", "hello there", "completed", "Echo: hello there"),
  turn("steps", "steps: echo one ; echo two", "completed", "Done: two"),
  turn("provider 401", "fail:401", "failed", ""),
  turn("provider 500", "fail:500", "failed", ""),
  turn("provider 503 with retry-after", "fail:503 50", "failed", ""),
  {
    name: "unknown agent",
    on: "allowing",
    play: (stage) =>
      Effect.gen(function* () {
        const before = yield* stage.prompt("hello")
        yield* stage.seen("session.idle")
        yield* stage.idle
        const refused = yield* stage.prompt("hello again", { agent: "nobody" })
        yield* stage.seen("session.error")
        yield* stage.idle
        return {
          turns: [
            { ...before, outcome: "completed", text: "Echo: hello" },
            { ...refused, outcome: "failed", text: "" },
          ],
        }
      }),
  },
  turn("unknown model", "hello", "failed", "", nowhere),

  asking("permission", "permission once", "run: echo once", reply({ reply: "once" }), "completed", "Done: once"),
  asking(
    "permission",
    "permission always",
    "run: date -u +always",
    reply({ reply: "always" }),
    "completed",
    "Done: always",
  ),
  asking("permission", "permission rejected", "run: echo never", reply({ reply: "reject" }), "rejected", ""),
  asking(
    "permission",
    "permission rejected with advice",
    "run: echo never",
    reply({ reply: "reject", message: "whisper" }),
    "completed",
    "Done: The user rejected permission to use this specific tool call with the following feedback: whisper",
  ),
  asking(
    "question",
    "question answered",
    "ask: Which colour? | Red | Blue",
    (stage, request) => stage.replyQuestion(request, [["Blue"]]),
    "completed",
    'Done: User has answered your questions: "Which colour?"="Blue". You can now continue with the user\'s answers in mind.',
  ),
  asking(
    "question",
    "question rejected",
    "ask: Which colour? | Red | Blue",
    (stage, request) => stage.rejectQuestion(request),
    "rejected",
    "",
  ),
  {
    name: "subagent permission",
    on: "asking",
    play: (stage) =>
      Effect.gen(function* () {
        const prompt = yield* stage.prompt("task: run: mkdir made")
        const request = yield* stage.pending("permission")
        const waiting = yield* stage.snapshot
        yield* stage.replyPermission(request, { reply: "once" })
        yield* stage.seen("session.idle", (json) => json.includes(stage.session))
        yield* stage.idle
        const [child] = yield* stage.children
        const result = `<task id="${child}" state="completed">\n<task_result>\nDone: (no output)\n</task_result>\n</task>`
        return { turns: [{ ...prompt, outcome: "completed", text: `Done: ${result}` }], snapshots: [waiting] }
      }),
  },

  aborting("abort while streaming", "allowing", "hang:", ["message.part.delta"], "Waiting"),
  aborting("abort while a permission is open", "asking", "run: echo never", ["permission.asked"], ""),
  aborting("abort while a question is open", "asking", "ask: Really?", ["question.asked"], ""),
  aborting(
    "abort during a retry",
    "allowing",
    "fail:500",
    ["session.status", (json) => json.includes('"type":"retry"')],
    "",
  ),

  meeting(
    "another prompt while streaming",
    "allowing",
    "slow: 5",
    (stage) =>
      Effect.gen(function* () {
        yield* stage.seen("message.part.delta")
        return { other: yield* stage.prompt("and then") }
      }),
    "tick 1 tick 2 tick 3 tick 4 tick 5 ",
    "Echo: and then",
  ),
  meeting(
    "another prompt while a permission is open",
    "asking",
    "run: echo first",
    (stage) =>
      Effect.gen(function* () {
        const request = yield* stage.pending("permission")
        const other = yield* stage.prompt("and then")
        const waiting = yield* stage.snapshot
        yield* stage.replyPermission(request, { reply: "once" })
        return { other, snapshots: [waiting] }
      }),
    "",
    "Echo: and then",
  ),

  {
    name: "killed while streaming",
    on: "mortal",
    play: (stage) =>
      Effect.gen(function* () {
        const prompt = yield* stage.prompt("hang:")
        yield* stage.seen("message.part.delta")
        const before = yield* stage.snapshot
        yield* stage.restart
        return { turns: [{ ...prompt, outcome: "interrupted", text: "Waiting" }], snapshots: [before] }
      }),
  },
  {
    name: "killed while a permission is open",
    on: "mortal",
    play: (stage) =>
      Effect.gen(function* () {
        const prompt = yield* stage.prompt("run: echo never")
        yield* stage.pending("permission")
        const before = yield* stage.snapshot
        yield* stage.restart
        return { turns: [{ ...prompt, outcome: "interrupted", text: "" }], snapshots: [before] }
      }),
  },

  {
    name: "compaction by hand",
    on: "allowing",
    play: (stage) =>
      Effect.gen(function* () {
        const prompt = yield* stage.prompt("hello")
        yield* stage.seen("session.idle")
        yield* stage.idle
        yield* stage.summarize
        yield* stage.seen("session.compacted")
        yield* stage.idle
        return { turns: [{ ...prompt, outcome: "completed", text: "Echo: hello" }] }
      }),
  },
  turn("compaction after an answer", "big:250000 say:Read", "completed", `Read\n\nEcho: ${goOn}`),
  turn("compaction between steps", "big:250000 run: echo read", "completed", `Echo: ${goOn}`),
  {
    name: "compaction because the provider refuses",
    on: "allowing",
    play: (stage) =>
      Effect.gen(function* () {
        const before = yield* stage.prompt("hello")
        yield* stage.seen("session.idle")
        yield* stage.idle
        const refused = yield* stage.prompt("overflow:")
        yield* stage.seen("session.compacted")
        yield* stage.idle
        return {
          turns: [
            { ...before, outcome: "completed", text: "Echo: hello" },
            { ...refused, outcome: "completed", text: "Fits now" },
          ],
        }
      }),
  },
]
