/** The answer of the tool that waits for several sessions. */
import { Schema } from "effect"
import { WaitingView } from "../requests/requestSchemas.ts"
import { count, field, InstanceName } from "../shared/fields.ts"
import { TurnView } from "../turns/turnSchemas.ts"

const opt = Schema.optionalKey

export const ManySessionView = Schema.Struct({
  instance: InstanceName,
  session_id: field(Schema.String, "Full id; as given if it was not found"),
  title: opt(field(Schema.String, "Title")),
  outcome: field(
    Schema.Literals([...TurnView.fields.outcome.literals, "error"]),
    "As of wait_for_session; error: it cannot be followed",
  ),
  detail: opt(field(Schema.String, "Details of the outcome, or the error")),
  waiting_for: opt(field(Schema.Array(WaitingView), "Requests that a person must decide")),
  text: opt(field(Schema.String, "The end of what the agent wrote")),
})
export type ManySessionView = typeof ManySessionView.Type

export const ManySessionsView = Schema.Struct({
  waiting_count: field(count, "Sessions that wait for a person"),
  ended_count: field(count, "Sessions whose turn has ended"),
  error_count: field(count, "Sessions that cannot be followed"),
  running_count: field(count, "Sessions that are still running"),
  sessions: field(Schema.Array(ManySessionView), "In this order: waiting, failed to follow, ended, running"),
  unchecked: opt(
    field(
      Schema.Array(Schema.Struct({ instance: InstanceName, error: field(Schema.String, "Why") })),
      "Instances whose busy sessions are unknown",
    ),
  ),
  next: opt(field(Schema.String, "What to do next")),
})
export type ManySessionsView = typeof ManySessionsView.Type
