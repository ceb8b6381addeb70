/** A turn as the answer of a tool shows it. */
import { Schema } from "effect"
import { answered, field } from "../shared/parameters.ts"

const opt = Schema.optionalKey

export const RequestView = Schema.Struct({
  kind: field(Schema.Literals(["permission", "question"]), "What kind of decision it is"),
  id: field(Schema.String, "Its id; pass it as `permission_id` or `question_id`"),
  session_id: field(Schema.String, "The session that asks: the turn's own, or one of its subagents"),
  text: field(Schema.String, "What is asked, in full: show it to your human"),
  always: opt(field(Schema.Array(Schema.String), "What `always` would allow from then on, in all sessions there")),
  questions: opt(
    field(
      Schema.Array(
        Schema.Struct({
          question: field(Schema.String, "What the agent wants to know"),
          options: field(Schema.Array(Schema.String), "The labels to choose from"),
          multiple: field(Schema.Boolean, "Whether several may be chosen"),
          custom: field(Schema.Boolean, "Whether an answer of one's own may be given"),
        }),
      ),
      "The questions, in the order of `answers`",
    ),
  ),
})
export type RequestView = typeof RequestView.Type

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

export const TurnView = Schema.Struct({
  instance: answered,
  session_id: field(Schema.String, "Full id of the session"),
  message_id: field(Schema.String, "Id of the message whose turn this is"),
  answered_message_id: opt(
    field(Schema.String, "Id of the later message that the agent answered instead of it or together with it"),
  ),
  outcome: field(
    Schema.Literals(outcomes),
    "accepted (async: opencode has the message); completed; failed (the provider's error); aborted; rejected (a person refused something); needs permission, needs answer (a person has to decide); still running (it goes on, we stopped waiting); interrupted (opencode ended in the middle); unreachable (the instance went away)",
  ),
  detail: field(Schema.String, "What the outcome is about; empty where it says all"),
  waiting_for: opt(field(Schema.Array(RequestView), "What a person has to decide before the agent goes on")),
  decided: opt(field(Schema.Array(Schema.String), "What was decided in the course of this call")),
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
