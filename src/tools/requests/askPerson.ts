/** Puts what a turn waits for to the person at the MCP client, and carries the decision to opencode. */
import { Effect, Option, Ref, Schema } from "effect"
import { refusal, settle, verdict } from "../../opencode/requests/decision.ts"
import type { DecideRequest } from "../../opencode/turns/followTurn.ts"
import { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import { type Decision, describe, type PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { Target } from "../../opencode/Target.ts"
import { line } from "../../text/plainText.ts"
import type { CallValues, ElicitationReply } from "../../mcp/Call.ts"
import { TurnWatcher } from "../turns/TurnWatcher.ts"
import { decisionForm } from "./decisionForm.ts"
import { alwaysText, requestText } from "./requestView.ts"

/** What a call needs to know to go on with the answer to a question that an earlier call ended with. */
export const OpenQuestion = Schema.fromJsonString(
  Schema.Struct({
    instance: Schema.String,
    session: SessionId,
    prompt: MessageId,
    request: Schema.String,
    /** What was decided before, for the answer of the last call. */
    decided: Schema.Array(Schema.String),
  }),
)

/** Where each answer comes with a call of its own, a client takes ten of them for going round in a circle. */
const mostRounds = 9

/** Where the request comes from. */
export interface Origin {
  readonly target: Target
  readonly opencode: Opencode
  readonly session: Session
}

const message = ({ session, target }: Origin, pending: PendingRequest) => {
  const always = pending.kind === "permission" ? alwaysText(pending.request) : ""
  return [
    `${line(target.instance, 100)}: the agent ${pending.kind === "permission" ? "asks for a permission" : "has a question"}.`,
    `Session: ${line(session.title, 200)} (${session.id})${pending.request.sessionID === session.id ? "" : `, subagent session ${pending.request.sessionID}`}`,
    `Directory: ${line(session.directory, 500)}`,
    "",
    requestText(pending),
    "",
    ...(always === "" ? [] : [always]),
    `To decline ${pending.kind === "permission" ? "rejects it" : "dismisses the question"}; to close this form leaves it open.`,
  ].join("\n")
}

/** What the person's reply decides. To decline is to refuse; to close the form decides nothing. */
export const decisionOf = (pending: PendingRequest, reply: ElicitationReply): Option.Option<Decision> => {
  switch (reply.action) {
    case "accept":
      return decisionForm(pending).read(reply.content)
    case "decline":
      return Option.some(refusal(pending))
    default:
      return Option.none()
  }
}

const note = (decided: Ref.Ref<ReadonlyArray<string>>, text: string) =>
  Ref.update(decided, (before) => [...before, line(text, 500)])

/** Tells opencode, and notes it. */
export const carry = (
  { opencode, session }: Origin,
  pending: PendingRequest,
  decision: Decision,
  decided: Ref.Ref<ReadonlyArray<string>>,
) =>
  Effect.flatMap(settle(opencode, session, decision), (inTime) =>
    note(
      decided,
      `${inTime ? verdict(decision) : "too late, for it was settled elsewhere before"}: ${describe(pending)}`,
    ),
  )

/** Has the person at the client decide, if there is one. */
export const askPerson =
  (call: CallValues, origin: Origin, decided: Ref.Ref<ReadonlyArray<string>>): DecideRequest =>
  (pending, turn) =>
    Effect.gen(function* () {
      // A form without a field is none.
      if (pending.kind === "question" && pending.request.questions.length === 0) return Option.none()
      const before = yield* Ref.get(decided)
      if (!call.canAsk || (Option.isSome(call.resumed) && before.length >= mostRounds)) return Option.none()
      const state = yield* Effect.orDie(
        Schema.encodeEffect(OpenQuestion)({
          instance: origin.target.instance,
          session: origin.session.id,
          prompt: turn.prompt,
          request: pending.request.id,
          decided: before.slice(-mostRounds),
        }),
      )
      const watch = yield* TurnWatcher
      if (Option.isSome(watch)) yield* watch.value(turn)
      const reply = yield* call.ask({ message: message(origin, pending), form: decisionForm(pending).schema, state })
      const decision = decisionOf(pending, reply)
      if (reply.action === "accept" && Option.isNone(decision)) {
        yield* note(decided, "not taken: what was filled in does not fit the form")
      }
      return Option.map(decision, (decision) =>
        carry(origin, pending, decision, decided).pipe(
          Effect.as(true),
          // It still waits: what the person chose has to be carried again.
          Effect.catchIf(
            ({ _tag }) => _tag === "OpencodeError" || _tag === "Unauthorized" || _tag === "UnexpectedResponse",
            ({ message }) => Effect.as(note(decided, `not carried: ${message}`), false),
          ),
        ),
      )
    })
