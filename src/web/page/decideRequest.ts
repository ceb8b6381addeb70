/** Delivers a person's decision: what a form of the page says about one open request. */
import { Clock, Effect, Fiber, Option } from "effect"
import { UrlParams } from "effect/http"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { deliveryText, refusal, sendDecision, verdict } from "../../opencode/requests/decision.ts"
import { RequestNotOpen } from "../../opencode/requests/decisionErrors.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { capitalised } from "../../text/capitalised.ts"
import { line } from "../../text/plainText.ts"
import { findOrigin, findRequest } from "../../tools/requests/findRequest.ts"
import { answer, response } from "../../tools/requests/personDecision.ts"
import { InvalidParameter } from "../../tools/shared/InvalidParameter.ts"
import { makeUseAndTouch } from "../../tools/shared/useAndTouch.ts"
import type { RequestLedger } from "./RequestLedger.ts"

const text = (fields: UrlParams.UrlParams, name: string): string =>
  Option.getOrElse(UrlParams.getFirst(fields, name), () => "").trim()

const invalid = (parameter: string, value: string, detail: string) => new InvalidParameter({ parameter, value, detail })

/** For each question the chosen labels, and the person's own words. */
const answersIn = (fields: UrlParams.UrlParams, { request }: Extract<PendingRequest, { kind: "question" }>) =>
  request.questions.map((_, index) => [
    ...UrlParams.getAll(fields, `answer-${index}`),
    ...[text(fields, `own-${index}`)].filter((own) => own !== ""),
  ])

const decisionIn = (
  fields: UrlParams.UrlParams,
  pending: PendingRequest,
): Effect.Effect<Decision, InvalidParameter> => {
  const chosen = text(fields, "decision")
  if (pending.kind === "question") {
    if (chosen === "dismiss") return Effect.succeed(refusal(pending))
    if (chosen !== "answer") return invalid("decision", chosen, "a question is answered or dismissed")
    const answers = answersIn(fields, pending)
    const both = pending.request.questions.findIndex(
      ({ multiple }, index) => multiple !== true && (answers[index]?.length ?? 0) > 1,
    )
    if (both >= 0) {
      return invalid("answer", answers[both]?.join(", ") ?? "", "choose an option or write your own answer, not both")
    }
    return answers.every((each) => each.length === 0)
      ? invalid("answer", "", "choose an option or write an answer")
      : answer(pending, { answers })
  }
  if (chosen !== "once" && chosen !== "always" && chosen !== "reject") {
    return invalid("decision", chosen, "a permission is allowed once, always, or rejected")
  }
  const message = text(fields, "message")
  return response(pending, { response: chosen, ...(message === "" ? {} : { message }) })
}

/** Without what the person has written. */
const kindOf = (decision: Decision): string => {
  if (decision.kind === "permission") return decision.reply.reply
  return decision.answers === undefined ? "dismissed" : "answered"
}

export const makeDecideRequest = Effect.fnUntraced(function* (ledger: RequestLedger) {
  const client = yield* OpencodeClient
  const scope = yield* Effect.scope
  const use = yield* makeUseAndTouch
  /** The requests that are being decided: a second form about one is not sent. */
  const deciding = new Set<string>()

  return Effect.fn("page.decideRequest")(function* (fields: UrlParams.UrlParams, subject: string) {
    const [instance, session, id] = [text(fields, "instance"), text(fields, "session"), text(fields, "request")]
    const kind = text(fields, "kind") === "question" ? "question" : "permission"
    const notOpen = new RequestNotOpen({ instance, session, kinds: [kind], id })
    if (deciding.has(id)) return yield* notOpen
    deciding.add(id)
    return yield* use(
      instance,
      Effect.fnUntraced(function* (target) {
        const origin = yield* findOrigin(client, target, session)
        const pending = yield* findRequest(origin, [kind], id)
        const decision = yield* decisionIn(fields, pending)
        const delivery = yield* sendDecision(origin.opencode, origin.session, decision)
        if (delivery === "too late") return yield* notOpen
        const outcome =
          delivery === "delivered" ? capitalised(verdict(decision)) : capitalised(deliveryText(delivery, decision))
        const at = yield* Clock.currentTimeMillis
        const family = new Set([pending.request.sessionID, origin.session.id])
        ledger.settle(
          { instance: target.instance, session: origin.session, family, inFleet: false, pending },
          { at, outcome: `${line(outcome, 1000)}.` },
        )
        yield* Effect.logInfo("decided on the page").pipe(
          Effect.annotateLogs({
            caller: line(subject, 100),
            instance: line(target.instance, 100),
            session: origin.session.id,
            request: pending.request.id,
            decision: kindOf(decision),
          }),
        )
        return id
      }),
    ).pipe(
      Effect.ensuring(Effect.sync(() => deciding.delete(id))),
      // A person who has pressed a button has decided, also if the phone loses its connection now.
      Effect.forkIn(scope),
      Effect.flatMap(Fiber.join),
    )
  })
})
