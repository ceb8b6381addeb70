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
        yield* stage.until("a turn ended")
        yield* stage.idle
        const refused = yield* stage.prompt("hello again", { agent: "nobody" })
        yield* stage.until("a turn failed")
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
    {
      because: "opencode 2 does not pass the advice on; opencode-fleet sends it as a message of its own",
      text: 'Done: {"error":{"type":"tool.execution","message":"Unable to execute command: echo never"},"content":[]}',
    },
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
        yield* stage.until("a turn ended")
        yield* stage.idle
        const [child] = yield* stage.children
        const result = `<task id="${child}" state="completed">\n<task_result>\nDone: (no output)\n</task_result>\n</task>`
        const output = 'Done: {"exit":0,"truncated":false,"output":"","status":"completed"}'
        const on2 = {
          because: "opencode 2 has another form for a tool's result",
          text: `Done: <subagent sessionID="${child}" state="completed">\n${output}\n</subagent>`,
        }
        return { turns: [{ ...prompt, outcome: "completed", text: `Done: ${result}`, on2 }], snapshots: [waiting] }
      }),
  },

  aborting("abort while streaming", "allowing", "hang:", "text was streamed", "Waiting"),
  aborting("abort while a permission is open", "asking", "run: echo never", "a permission is open", ""),
  aborting("abort while a question is open", "asking", "ask: Really?", "a question is open", ""),
  aborting("abort during a retry", "allowing", "fail:500", "the provider will be asked again", ""),

  meeting(
    "another prompt while streaming",
    "allowing",
    "slow: 5",
    (stage) =>
      Effect.gen(function* () {
        yield* stage.until("text was streamed")
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
    "Echo: and then",
    "Echo: and then",
  ),

  {
    name: "killed while streaming",
    on: "mortal",
    play: (stage) =>
      Effect.gen(function* () {
        const prompt = yield* stage.prompt("hang:")
        yield* stage.until("text was streamed")
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
        yield* stage.until("a turn ended")
        yield* stage.idle
        yield* stage.summarize
        yield* stage.until("the session was compacted")
        yield* stage.idle
        return { turns: [{ ...prompt, outcome: "completed", text: "Echo: hello" }] }
      }),
  },
  turn("compaction after an answer", "big:250000 say:Read", "completed", `Read\n\nEcho: ${goOn}`, {
    on2: { because: "opencode 2 compacts only before a step, and none follows", text: "Read" },
  }),
  turn("compaction between steps", "big:250000 run: echo read", "completed", `Echo: ${goOn}`, {
    on2: { because: "opencode 2 continues without a prompt of its own", text: "Continued" },
  }),
  {
    name: "compaction because the provider refuses",
    on: "allowing",
    play: (stage) =>
      Effect.gen(function* () {
        const before = yield* stage.prompt("hello")
        yield* stage.until("a turn ended")
        yield* stage.idle
        const refused = yield* stage.prompt("overflow:")
        yield* stage.until("the session was compacted")
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
