/** The answers of the tools that follow or stop a turn. */
import { Schema } from "effect"
import { RequestView } from "../requests/requestSchemas.ts"
import { count, field, InstanceName } from "../shared/fields.ts"

const opt = Schema.optionalKey

const outcomes = [
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
] as const

/** What must not be lost comes last: some clients cut the middle of a long answer. */
export const TurnView = Schema.Struct({
  instance: InstanceName,
  session_id: field(Schema.String, "Full session id"),
  message_id: field(Schema.String, "Id of the message that started the turn"),
  answered_message_id: opt(field(Schema.String, "Id of a later message that was answered instead or together with it")),
  outcome: field(
    Schema.Literals(outcomes),
    "rejected: a person refused a request; needs permission, needs answer: a person must decide; still running: only this call stopped waiting; interrupted: by opencode; unreachable: the instance went away",
  ),
  detail: opt(field(Schema.String, "Details of the outcome")),
  decided: opt(field(Schema.Array(Schema.String), "Decisions made during this call")),
  text: field(Schema.String, "What the agent wrote; only the end of a long text"),
  tools: field(
    Schema.Array(
      Schema.Struct({
        tool: field(Schema.String, "Tool name"),
        state: field(Schema.Literals(["pending", "running", "completed", "error"]), "State of the call"),
        input: field(Schema.String, "Arguments as JSON; clipped"),
        error: opt(field(Schema.String, "Why it failed, or that a person refused it")),
      }),
    ),
    "The agent's tool calls in order; the newest ones",
  ),
  tool_count: opt(field(count, "Number of tool calls, if there are more; get_session shows all")),
  files: field(Schema.Array(Schema.String), "Files the agent changed"),
  file_count: opt(field(count, "Number of files, if there are more; get_diff shows all")),
  input_tokens: field(Schema.Finite, "Input tokens of all steps"),
  output_tokens: field(Schema.Finite, "Output tokens of all steps"),
  cost: field(Schema.Finite, "Cost in US dollars, as computed by opencode"),
  waiting_for: opt(field(Schema.Array(RequestView), "Requests that a person must decide before the agent continues")),
  waiting_for_count: opt(
    field(count, "Number of these requests, if there are more; the others are shown when these are decided"),
  ),
  text_message_ids: opt(field(Schema.Array(Schema.String), "The first messages of a long text")),
  next: opt(field(Schema.String, "What to do next")),
})
export type TurnView = typeof TurnView.Type

export const AbortView = Schema.Struct({
  instance: InstanceName,
  session_id: field(Schema.String, "Full session id"),
  was_running: field(Schema.Boolean, "True if a turn was running"),
  final: field(Schema.Boolean, "True if the session is ready for the next message"),
  dismissed_count: field(count, "Number of open permissions and questions that were dismissed"),
  elsewhere: opt(
    field(Schema.Literal(true), "Another opencode of the same user is running a turn, which was not stopped"),
  ),
  running_at: opt(field(Schema.String, "The instance that is running that turn: stop it there")),
  parked: opt(
    field(
      Schema.Array(
        Schema.Struct({
          message_id: field(Schema.String, "Id of the message"),
          text: field(Schema.String, "Its clipped text"),
        }),
      ),
      "Messages in the session's inbox, which the next message starts",
    ),
  ),
  queued_count: opt(field(count, "Messages of waiting send_message calls, sent next")),
})
export type AbortView = typeof AbortView.Type
