/** The tools that carry a person's decision to an agent that waits for it. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations } from "../shared/annotations.ts"
import { FollowFailure } from "../shared/failures.ts"
import { Instance, SessionReference } from "../shared/parameters.ts"
import { renderTurn } from "../turns/renderTurn.ts"
import { TurnView } from "../turns/TurnAnswer.ts"

const opt = Schema.optionalKey

const toModelOutput = (view: TurnView) => [Prompt.textPart({ text: renderTurn(view) })]

const decides = (title: string) =>
  annotations(title, { readOnly: false, destructive: true, idempotent: false, openWorld: true })

export const RespondPermission = Tool.make("respond_permission", {
  description:
    "Allow or refuse what an agent asks permission for, then wait for its turn as send_message does. ASK YOUR HUMAN FIRST: show what is asked in full, and pass on what they decide. Never decide it yourself.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    permission_id: opt(
      Schema.String.annotate({ description: "Which permission; may be left out when only one is open in the session" }),
    ),
    response: Schema.Literals(["once", "always", "reject"]).annotate({
      description:
        "once; always (the like of it from now on, in ALL sessions of that directory, until that opencode ends); reject (ends the turn of the session that asks, with whatever else is open in it)",
    }),
    message: opt(
      Schema.String.check(Schema.isMinLength(1)).annotate({
        description:
          "With reject: what the agent is to do instead. It goes on with that, unless something else was open and is rejected as well",
      }),
    ),
  }),
  success: TurnView,
  failure: FollowFailure,
  failureMode: "return",
  toModelOutput,
}).annotateMerge(decides("Answer a permission request"))

export const AnswerQuestion = Tool.make("answer_question", {
  description:
    "Answer the questions that an agent asks, or dismiss them, then wait for its turn as send_message does. ASK YOUR HUMAN FIRST, with all options, and pass on what they answer.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    question_id: opt(
      Schema.String.annotate({ description: "Which request; may be left out when only one is open in the session" }),
    ),
    answers: opt(
      Schema.Array(Schema.Array(Schema.String)).annotate({
        description: "For each question, in order, the labels that were chosen, or an answer of one's own",
      }),
    ),
    reject: opt(Schema.Boolean.annotate({ description: "True to dismiss the questions instead, which ends the turn" })),
  }),
  success: TurnView,
  failure: FollowFailure,
  failureMode: "return",
  toModelOutput,
}).annotateMerge(decides("Answer an agent's question"))

export const RequestTools = Toolkit.make(RespondPermission, AnswerQuestion)
