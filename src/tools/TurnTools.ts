/** The tools that make sessions work, watch them and stop them. */
import { Schema, Struct } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations, reads } from "./annotations.ts"
import { InstanceFailure, SendFailure, SessionFailure } from "./failures.ts"
import { answered, count, field, Instance, SessionReference } from "./parameters.ts"
import { renderAbort, renderStatus, renderTurn } from "./render/turn.ts"
import { SessionView } from "./SessionTools.ts"

const opt = Schema.optionalKey

export const TurnView = Schema.Struct({
  instance: answered,
  session_id: field(Schema.String, "Full id of the session"),
  message_id: field(Schema.String, "Id of the message that was sent"),
  outcome: field(
    Schema.Literals([
      "accepted",
      "completed",
      "failed",
      "aborted",
      "rejected",
      "needs permission",
      "needs answer",
      "still running",
      "interrupted",
      "unreachable",
    ]),
    "accepted (async: opencode has the message); completed; failed (the provider's error); aborted; rejected (a person refused something); needs permission, needs answer (a person has to decide); still running (it goes on, we stopped waiting); interrupted (opencode ended in the middle); unreachable (the instance went away)",
  ),
  detail: field(Schema.String, "What the outcome is about; empty where it says all"),
  next: field(Schema.String, "What to do next"),
  text: field(Schema.String, "What the agent wrote; of a long text the end"),
  tools: field(
    Schema.Array(
      Schema.Struct({
        tool: field(Schema.String, "Name of the tool"),
        state: field(Schema.Literals(["pending", "running", "completed", "error"]), "How the call stands"),
        input: field(Schema.String, "What it was called with, as JSON; clipped"),
        error: opt(field(Schema.String, "Why it failed, or that a person refused it")),
      }),
    ),
    "The tools that the agent called, in order; of many the last ones",
  ),
  files: field(Schema.Array(Schema.String), "Files that the agent changed"),
  input_tokens: field(Schema.Finite, "Tokens read, all steps together"),
  output_tokens: field(Schema.Finite, "Tokens written, all steps together"),
  cost: field(Schema.Finite, "US dollars, as opencode reckons it"),
})
export type TurnView = typeof TurnView.Type

export const SendMessage = Tool.make("send_message", {
  description:
    "Give an agent work: send a message to a session and wait for the outcome of its turn, with the agent's answer. Waits up to 50 s, or several minutes for clients that follow progress; the agent goes on even if waiting ends. With async true it returns as soon as opencode has the message.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message: Schema.String.check(Schema.isMinLength(1)).annotate({ description: "What the agent is to do" }),
    async: opt(
      Schema.Boolean.annotate({ description: "Return when opencode has the message, without waiting (default false)" }),
    ),
    if_busy: opt(
      Schema.Literals(["wait", "steer", "fail"]).annotate({
        description:
          "While another turn runs in the session: wait for its end (default), steer (hand the message to that turn), or fail (default with async)",
      }),
    ),
    agent: opt(Schema.String.annotate({ description: 'Agent that is to answer, such as "build" or "plan"' })),
    model: opt(Schema.String.annotate({ description: "Model to use, as provider/model" })),
  }),
  success: TurnView,
  failure: SendFailure,
  toModelOutput: (view: TurnView) => [Prompt.textPart({ text: renderTurn(view) })],
}).annotateMerge(
  annotations("Send a message to an agent", { readOnly: false, destructive: true, idempotent: false, openWorld: true }),
)

export const StatusView = Schema.Struct({
  instance: answered,
  health: field(Schema.String, "State of the instance"),
  active: field(
    Schema.Array(
      SessionView.mapFields(Struct.pick(["id", "title", "status", "detail", "age", "directory", "parent_id"])),
    ),
    "The sessions that are not idle, updated last first; of many the first",
  ),
  active_count: field(count, "Number of sessions that are not idle"),
  idle: field(count, "Number of idle sessions among those that were asked about"),
  unasked: field(count, "Number of older sessions whose directories were not asked"),
})
export type StatusView = typeof StatusView.Type

export const GetStatus = Tool.make("get_status", {
  description:
    "Show what an instance is doing now: which sessions are busy, ask their provider again, or wait for a person's permission or answer. All others are idle.",
  parameters: Schema.Struct({ instance: Instance }),
  success: StatusView,
  failure: InstanceFailure,
  toModelOutput: (view: StatusView) => [Prompt.textPart({ text: renderStatus(view) })],
}).annotateMerge(reads("Status of an instance"))

export const AbortView = Schema.Struct({
  instance: answered,
  session_id: field(Schema.String, "Full id of the session"),
  was_running: field(Schema.Boolean, "Whether a turn was running"),
  cleared: field(count, "Number of open permissions and questions that were dismissed with it"),
})
export type AbortView = typeof AbortView.Type

export const AbortSession = Tool.make("abort_session", {
  description:
    "Stop the turn that runs in a session. What the agent has done so far stays. Nothing else stops an agent: cancelling send_message does not.",
  parameters: Schema.Struct({ instance: Instance, session_id: SessionReference }),
  success: AbortView,
  failure: SessionFailure,
  toModelOutput: (view: AbortView) => [Prompt.textPart({ text: renderAbort(view) })],
}).annotateMerge(
  annotations("Stop a session", { readOnly: false, destructive: true, idempotent: true, openWorld: false }),
)

export const TurnTools = Toolkit.make(SendMessage, GetStatus, AbortSession)
