/** respond_permission and answer_question: deliver a person's decision to the waiting agent. */
import { Context, Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { LongRunning } from "../../mcp/Call.ts"
import { annotations, Decides } from "../shared/annotations.ts"
import { FollowFailure } from "../shared/failures.ts"
import { Instance, SessionReference, optionalText } from "../shared/parameters.ts"
import { renderTurn } from "../turns/renderTurn.ts"
import { TurnView } from "../turns/turnSchemas.ts"

const opt = Schema.optionalKey

const toModelOutput = (view: TurnView) => [Prompt.textPart({ text: renderTurn(view) })]

const decision = (title: string) =>
  annotations(title, { readOnly: false, destructive: true, idempotent: false, openWorld: true }).pipe(
    Context.add(Decides, true),
  )

export const RespondPermission = Tool.make("respond_permission", {
  description:
    "Allow or reject an agent's permission request, then wait for its turn. ASK YOUR HUMAN FIRST: show the request in full and pass on their decision. Never decide yourself.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    permission_id: opt(Schema.String.annotate({ description: "Optional if only one is open" })),
    response: Schema.Literals(["once", "always", "reject"]).annotate({
      description:
        "always: similar requests too, in `always_scope`; reject: ends the turn and rejects its other requests",
    }),
    message: optionalText(
      Schema.String.annotate({
        description: "With reject: what to do instead; the agent then continues",
      }),
    ),
  }),
  success: TurnView,
  failure: FollowFailure,
  failureMode: "return",
  toModelOutput,
})
  .annotateMerge(decision("Decide a permission"))
  .annotate(LongRunning, true)

export const AnswerQuestion = Tool.make("answer_question", {
  description:
    "Answer or dismiss an agent's questions, then wait for its turn. ASK YOUR HUMAN FIRST: show all options and pass on their answers.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    question_id: opt(Schema.String.annotate({ description: "Optional if only one is open" })),
    answers: opt(
      Schema.Array(Schema.Union([Schema.String, Schema.Array(Schema.String)])).annotate({
        description: "For each question, in order: the chosen labels, or a custom answer",
      }),
    ),
    reject: opt(Schema.Boolean.annotate({ description: "True to dismiss the questions, which ends the turn" })),
  }),
  success: TurnView,
  failure: FollowFailure,
  failureMode: "return",
  toModelOutput,
})
  .annotateMerge(decision("Answer a question"))
  .annotate(LongRunning, true)

export const RequestTools = Toolkit.make(RespondPermission, AnswerQuestion)
