/** Asks the person at the client to decide a turn's pending request, and delivers the decision to opencode. */
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

/** The state of a form that ended its call: what a later call needs to continue with the person's reply. */
export const OpenForm = Schema.fromJsonString(
  Schema.Struct({
    instance: Schema.String,
    session: SessionId,
    prompt: MessageId,
    request: Schema.String,
    /** Decisions made so far, for the answer of the last call. */
    decided: Schema.Array(Schema.String),
  }),
)

/** If each reply arrives in a call of its own, a client treats ten rounds as a loop. */
const maxRounds = 9

/** The session that a request belongs to. */
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
    "Declining or closing this form leaves the request open.",
  ].join("\n")
}

/** The decision in a person's reply. Declining or closing the form decides nothing. */
export const decisionOf = (pending: PendingRequest, reply: ElicitationReply): Option.Option<Decision> => {
  switch (reply.action) {
    case "accept":
      return decisionForm(pending).read(reply.content)
    case "refuse":
      return Option.some(refusal(pending))
    default:
      return Option.none()
  }
}

const note = (decided: Ref.Ref<ReadonlyArray<string>>, text: string) =>
  Ref.update(decided, (before) => [...before, line(text, 500)])

/** Sends the decision to opencode and adds it to the notes. */
export const deliver = (
  { opencode, session }: Origin,
  pending: PendingRequest,
  decision: Decision,
  decided: Ref.Ref<ReadonlyArray<string>>,
) =>
  Effect.flatMap(settle(opencode, session, decision), (inTime) =>
    note(
      decided,
      `${inTime ? verdict(decision) : "too late, because the request was already settled elsewhere"}: ${describe(pending)}`,
    ),
  )

/** Asks the person at the client, if the client can show a form. */
export const askPerson =
  (call: CallValues, origin: Origin, decided: Ref.Ref<ReadonlyArray<string>>): DecideRequest =>
  (pending, turn) =>
    Effect.gen(function* () {
      // A form needs at least one field.
      if (pending.kind === "question" && pending.request.questions.length === 0) return Option.none()
      const before = yield* Ref.get(decided)
      if (!call.canAsk || (Option.isSome(call.resumed) && before.length >= maxRounds)) return Option.none()
      const state = yield* Effect.orDie(
        Schema.encodeEffect(OpenForm)({
          instance: origin.target.instance,
          session: origin.session.id,
          prompt: turn.prompt,
          request: pending.request.id,
          decided: before.slice(-maxRounds),
        }),
      )
      const watch = yield* TurnWatcher
      if (Option.isSome(watch)) yield* watch.value(turn)
      const reply = yield* call.ask({ message: message(origin, pending), form: decisionForm(pending).schema, state })
      const decision = decisionOf(pending, reply)
      if (reply.action === "accept" && Option.isNone(decision)) {
        yield* note(decided, "ignored: the answer does not match the form")
      }
      return Option.map(decision, (decision) =>
        deliver(origin, pending, decision, decided).pipe(
          Effect.as(true),
          // The request is still open, so the decision must be sent again.
          Effect.catchIf(
            ({ _tag }) => _tag === "OpencodeError" || _tag === "Unauthorized" || _tag === "UnexpectedResponse",
            ({ message }) => Effect.as(note(decided, `not delivered: ${message}`), false),
          ),
        ),
      )
    })
