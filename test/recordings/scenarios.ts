/** The recorded scenarios: each plays one turn, or two that overlap, and states how they must be reported. */
import { Effect } from "effect"
import { aborting, asking, meeting, reply, type Scenario, turn } from "./plays.ts"

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
