/** The tools that show what an instance is doing, and stop it. */
import { Schema, Struct } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations, reads } from "../shared/annotations.ts"
import { InstanceFailure, SessionFailure } from "../shared/failures.ts"
import { answered, count, field, Instance, SessionReference } from "../shared/parameters.ts"
import { renderAbort, renderStatus } from "./renderControl.ts"
import { SessionView } from "../sessions/SessionTools.ts"

export const StatusView = Schema.Struct({
  instance: answered,
  health: field(Schema.String, "State of the instance"),
  active: field(
    Schema.Array(
      SessionView.mapFields(
        Struct.pick(["id", "title", "status", "detail", "waiting_for", "age", "directory", "parent_id"]),
      ),
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
  failureMode: "return",
  toModelOutput: (view: StatusView) => [Prompt.textPart({ text: renderStatus(view) })],
}).annotateMerge(reads("Status of an instance"))

export const AbortView = Schema.Struct({
  instance: answered,
  session_id: field(Schema.String, "Full id of the session"),
  was_running: field(Schema.Boolean, "Whether a turn was running"),
  final: field(Schema.Boolean, "Whether the message that was being written is complete, so that the session can go on"),
  cleared: field(count, "Number of open permissions and questions that were dismissed with it"),
})
export type AbortView = typeof AbortView.Type

export const AbortSession = Tool.make("abort_session", {
  description:
    "Stop the turn that runs in a session. What the agent has done so far stays. Nothing else stops an agent: cancelling send_message does not.",
  parameters: Schema.Struct({ instance: Instance, session_id: SessionReference }),
  success: AbortView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: AbortView) => [Prompt.textPart({ text: renderAbort(view) })],
}).annotateMerge(
  annotations("Stop a session", { readOnly: false, destructive: true, idempotent: true, openWorld: false }),
)

export const ControlTools = Toolkit.make(GetStatus, AbortSession)
