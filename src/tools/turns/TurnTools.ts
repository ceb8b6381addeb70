/** The tools that give sessions work and wait for what comes of it. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations, reads } from "../shared/annotations.ts"
import { FollowFailure, SendFailure } from "../shared/failures.ts"
import { Instance, SessionReference } from "../shared/parameters.ts"
import { renderTurn } from "./renderTurn.ts"
import { TurnView } from "./TurnAnswer.ts"

const opt = Schema.optionalKey

const toModelOutput = (view: TurnView) => [Prompt.textPart({ text: renderTurn(view) })]

export const SendMessage = Tool.make("send_message", {
  description:
    "Give an agent work: send a message to a session and wait for the outcome of its turn, with the agent's answer. Waits up to 50 s, or several minutes for clients that follow progress; the agent goes on even if waiting ends, and wait_for_session waits on. With async true it returns as soon as opencode has the message.",
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
  failureMode: "return",
  toModelOutput,
}).annotateMerge(
  annotations("Send a message to an agent", { readOnly: false, destructive: true, idempotent: false, openWorld: true }),
)

export const WaitForSession = Tool.make("wait_for_session", {
  description:
    "Wait for the turn that runs in a session, whoever started it, and get its outcome as send_message gives it. Of an idle session it gives the outcome of the last turn at once. Sends nothing.",
  parameters: Schema.Struct({ instance: Instance, session_id: SessionReference }),
  success: TurnView,
  failure: FollowFailure,
  failureMode: "return",
  toModelOutput,
}).annotateMerge(reads("Wait for a session"))

export const TurnTools = Toolkit.make(SendMessage, WaitForSession)
