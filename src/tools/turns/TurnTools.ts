/** The tools that give an agent work, wait for its turn, and stop it. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { LongRunning } from "../../mcp/Call.ts"
import { annotations, readOnly } from "../shared/annotations.ts"
import { FollowFailure, SendFailure, SessionFailure } from "../shared/failures.ts"
import { Instance, NonBlank, SessionReference, optionalText } from "../shared/parameters.ts"
import { renderAbort, renderTurn } from "./renderTurn.ts"
import { AbortView, TurnView } from "./turnSchemas.ts"

const opt = Schema.optionalKey

const toModelOutput = (view: TurnView) => [Prompt.textPart({ text: renderTurn(view) })]

export const SendMessage = Tool.make("send_message", {
  description:
    "Give an agent work: send a message and wait for the outcome, 50 s, or minutes if the client follows progress. The agent keeps working when the wait ends; wait_for_session waits on.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message: NonBlank.annotate({ description: "What to do; /name runs that slash command" }),
    async: opt(Schema.Boolean.annotate({ description: "Do not wait" })),
    if_busy: opt(
      Schema.Literals(["wait", "steer", "fail"]).annotate({
        description:
          "While another turn runs: wait for its end (default), steer (add to it) or fail (default with async)",
      }),
    ),
    agent: optionalText(Schema.String.annotate({ description: 'Such as "plan"' })),
    model: optionalText(Schema.String.annotate({ description: "provider/model" })),
    message_id: optionalText(
      Schema.String.annotate({ description: "Own id msg_…: a repeated call with it sends nothing" }),
    ),
  }),
  success: TurnView,
  failure: SendFailure,
  failureMode: "return",
  toModelOutput,
})
  .annotateMerge(
    annotations("Send a message", { readOnly: false, destructive: true, idempotent: false, openWorld: true }),
  )
  .annotate(LongRunning, true)

export const WaitForSession = Tool.make("wait_for_session", {
  description: "Wait for a session's turn and return its outcome; of an idle session, the last one's. Sends nothing.",
  parameters: Schema.Struct({ instance: Instance, session_id: SessionReference }),
  success: TurnView,
  failure: FollowFailure,
  failureMode: "return",
  toModelOutput,
})
  .annotateMerge(readOnly("Wait for a session"))
  .annotate(LongRunning, true)

export const AbortSession = Tool.make("abort_session", {
  description: "Stop a session's running turn. Work done is kept. Cancelling send_message does not stop it.",
  parameters: Schema.Struct({ instance: Instance, session_id: SessionReference }),
  success: AbortView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: AbortView) => [Prompt.textPart({ text: renderAbort(view) })],
}).annotateMerge(
  annotations("Stop a session", { readOnly: false, destructive: true, idempotent: true, openWorld: false }),
)

export const TurnTools = Toolkit.make(SendMessage, WaitForSession, AbortSession)
