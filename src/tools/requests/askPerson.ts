/** Asks the person at the client to decide a turn's pending request, and delivers the decision to opencode. */
import { Effect, Option, Ref, Schema } from "effect"
import { deliveryText, refusal, sendDecision } from "../../opencode/requests/decision.ts"
import type { DecideRequest } from "../../opencode/turns/followTurn.ts"
import { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { Target } from "../../opencode/Target.ts"
import type { Turn } from "../../opencode/turn/Turn.ts"
import { line } from "../../text/plainText.ts"
import type { CallValues, ElicitationReply } from "../../mcp/Call.ts"
import { TurnWatcher } from "../turns/TurnWatcher.ts"
import { decisionForm } from "./decisionForm.ts"
import { formMessage } from "./formMessage.ts"
import type { DecisionForm, Filled } from "./formTypes.ts"

const opt = Schema.optionalKey

/** The state of a form that ended its call: what a later call needs to continue with the person's reply. */
export const OpenForm = Schema.fromJsonString(
  Schema.Struct({
    instance: Schema.String,
    session: SessionId,
    prompt: MessageId,
    request: Schema.String,
    /** Decisions made so far, for the answer of the last call. */
    decided: Schema.Array(Schema.String),
    /** The number of forms so far, including this one. */
    round: opt(Schema.Int),
    /** What earlier forms of the same request brought. */
    filled: opt(Schema.Record(Schema.String, Schema.Array(Schema.String))),
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

/** How a call asks: its client, the session, and what became of the requests so far. */
interface Asking {
  readonly call: CallValues
  readonly origin: Origin
  readonly decided: Ref.Ref<ReadonlyArray<string>>
  /** The forms that earlier calls have shown for this one. */
  readonly rounds: number
}

const maxNotes = 5

const note = (decided: Ref.Ref<ReadonlyArray<string>>, ...texts: ReadonlyArray<string>) =>
  Ref.update(decided, (before) => [...before, ...texts.slice(0, maxNotes).map((text) => line(text, 500))])

const notTaken = (pending: PendingRequest, reasons: ReadonlyArray<string>) =>
  reasons.map((reason) => `not taken: ${reason} (${describe(pending)})`)

/** Whether a note says more than that a decision arrived as the person made it. */
export const wentWrong = (note: string): boolean => /^(?:not (?:taken|delivered)|too late)\b| \(probably: /u.test(note)

/** What a reply brings: a decision, more of the form, or nothing. */
export interface Brought {
  readonly decision?: Decision
  /** Another form is needed, after which this is filled in. */
  readonly filled?: Filled
  /** What was not taken, in words. */
  readonly notes: ReadonlyArray<string>
}

/** Declining or closing a form decides nothing: clients without a person decline by themselves. */
export const readReply = (
  pending: PendingRequest,
  form: DecisionForm | undefined,
  reply: ElicitationReply,
): Brought => {
  if (reply.action === "refuse") return { decision: refusal(pending), notes: [] }
  if (reply.action === "unavailable" && reply.detail !== undefined) return { notes: notTaken(pending, [reply.detail]) }
  if (reply.action !== "accept" || form === undefined) return { notes: [] }
  const reading = form.read(reply.content)
  switch (reading._tag) {
    case "Decided":
      return { decision: reading.decision, notes: notTaken(pending, reading.ignored) }
    case "Incomplete":
      return { filled: reading.filled, notes: notTaken(pending, reading.ignored) }
    case "Unusable":
      return { notes: notTaken(pending, reading.reasons) }
  }
}

/** Sends the decision to opencode and adds it to the notes. */
export const deliver = ({ opencode, session }: Origin, decision: Decision, decided: Ref.Ref<ReadonlyArray<string>>) =>
  Effect.flatMap(sendDecision(opencode, session, decision), (delivery) =>
    note(decided, deliveryText(delivery, decision)),
  )

/** Shows the request's form, and the forms that it leads to, until the person has decided or decides nothing. */
const fillIn = Effect.fnUntraced(function* (
  { call, decided, origin, rounds }: Asking,
  pending: PendingRequest,
  turn: Turn,
  before: Filled | undefined,
): Effect.fn.Return<Decision | undefined> {
  let filled = before
  while (true) {
    const form = decisionForm(pending, filled)
    if (form === undefined || !call.canAsk) return undefined
    if (Option.isSome(call.resumed) && call.task === undefined && rounds >= maxRounds) {
      if (filled !== undefined) {
        yield* note(decided, ...notTaken(pending, ["it needs another form, and this call has shown too many already"]))
      }
      return undefined
    }
    const state = yield* Effect.orDie(
      Schema.encodeEffect(OpenForm)({
        instance: origin.target.instance,
        session: origin.session.id,
        prompt: turn.prompt,
        request: pending.request.id,
        decided: (yield* Ref.get(decided)).slice(-maxRounds),
        round: rounds + 1,
        ...(filled === undefined ? {} : { filled }),
      }),
    )
    const asking = { instance: origin.target.instance, session: origin.session }
    const step = Object.values(filled ?? {}).flat().length
    const reply = yield* call.ask({
      message: formMessage(asking, pending, form),
      form: form.schema,
      state,
      name: `${pending.request.id}.${step}`,
    })
    const brought = readReply(pending, form, reply)
    yield* note(decided, ...brought.notes)
    if (brought.filled === undefined) return brought.decision
    filled = brought.filled
  }
})

/** Asks the person at the client, if the client can show a form. `filled`: what an earlier call has brought. */
export const askPerson =
  (asking: Asking, filled?: Filled): DecideRequest =>
  (pending, turn) =>
    Effect.gen(function* () {
      const { call, decided, origin } = asking
      const watch = yield* TurnWatcher
      if (call.canAsk && Option.isSome(watch)) yield* watch.value(turn)
      const decision = yield* fillIn(asking, pending, turn, filled)
      if (decision === undefined) return Option.none()
      return Option.some(
        deliver(origin, decision, decided).pipe(
          Effect.as(true),
          // The request is still open, so the decision must be sent again.
          Effect.catchIf(
            ({ _tag }) => _tag === "OpencodeError" || _tag === "Unauthorized" || _tag === "UnexpectedResponse",
            ({ message }) => Effect.as(note(decided, `not delivered: ${message}`), false),
          ),
        ),
      )
    })
