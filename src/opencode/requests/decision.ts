/** Decides pending requests: finds the open request, and sends the decision to opencode. */
import { Effect, Schedule } from "effect"
import { pendingRequestsOf } from "./pendingRequests.ts"
import { AmbiguousRequest, RequestNotOpen } from "./decisionErrors.ts"
import { type ClientError } from "../errors.ts"
import type { Opencode } from "../Opencode.ts"
import { alwaysScope, type Decision, type PendingRequest } from "./PendingRequest.ts"
import { describe } from "./requestedActs.ts"
import { isAway, mayHaveArrived } from "../transient.ts"
import { uncertain } from "../uncertain.ts"
import { countingUnreadable, notUnderstood } from "../Unreadable.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"

/** Whether the decision rejects a permission or dismisses questions. */
export const isRefusal = (decision: Decision): boolean =>
  decision.kind === "permission" ? decision.reply.reply === "reject" : decision.answers === undefined

/** The decision that rejects a permission or dismisses questions. */
export const refusal = (pending: PendingRequest): Decision =>
  pending.kind === "permission" ? { ...pending, reply: { reply: "reject" } } : { ...pending, answers: undefined }

/** A web page is not opencode's: the port belongs to another program. */
const isWebPage = (error: ClientError) => error._tag === "UnexpectedResponse" && error.status === 200

/** Whether the next try may show what became of the decision. */
const isLost = (error: ClientError) => isAway(error) || (mayHaveArrived(error) && !isWebPage(error))

/** An instance that is unreachable for a moment still receives the decision. */
const whileAway = Schedule.upTo(Schedule.spaced("1 second"), { duration: "20 seconds" })

/**
 * `unconfirmed`: the request is settled, and an earlier try may have settled it, because its answer was lost. Another client
 * may have settled it as well.
 */
export type Delivery = "delivered" | "unconfirmed" | "too late"

/**
 * Sends the decision to opencode. While the instance is unreachable or its answers are lost, it is tried again. A decision that
 * may have arrived is sent again only if the request is still open.
 */
export const sendDecision = Effect.fn("sendDecision")(function* (
  opencode: Opencode,
  session: Session,
  decision: Decision,
): Effect.fn.Return<Delivery, ClientError> {
  let arrived = false
  const { id } = decision.request
  const isOpen = Effect.map(opencode.pendingRequests(session.directory), (open) =>
    open.some(({ request }) => request.id === id),
  )
  const decide = opencode.decide(session.directory, decision)
  return yield* Effect.suspend(() => (arrived ? isOpen : Effect.succeed(true))).pipe(
    Effect.flatMap((open) => (open ? decide : Effect.succeed(false))),
    Effect.tapError((error) => Effect.sync(() => (arrived ||= mayHaveArrived(error)))),
    Effect.retry({ while: isLost, schedule: whileAway }),
    Effect.map((isFirst) => (isFirst ? "delivered" : arrived ? "unconfirmed" : "too late")),
    Effect.catchIf(
      (error) => arrived && !isWebPage(error),
      (error) => uncertain("decision", session.id, error),
    ),
  )
})

/** {@link sendDecision}; false if the request was already settled. */
export const settle = (opencode: Opencode, session: Session, decision: Decision): Effect.Effect<boolean, ClientError> =>
  Effect.map(sendDecision(opencode, session, decision), (delivery) => delivery !== "too late")

/** Describes a decision in a few words, such as `allowed once`. */
export const verdict = (decision: Decision): string => {
  if (decision.kind === "question") {
    return decision.answers === undefined
      ? "not answered, dismissed"
      : `answered ${decision.answers.map((labels) => labels.join(", ") || "nothing").join(" / ")}`
  }
  const { message, reply } = decision.reply
  if (reply === "reject") return message === undefined ? "rejected" : `rejected (${message})`
  return reply === "once" ? "allowed once" : `allowed always, in ${alwaysScope(decision.request)}`
}

/** The decision and its request, such as `allowed once: permission for bash: npm test`, `answered Red to the question: Which?` */
const decided = (decision: Decision): string => {
  const about = describe(decision)
  if (decision.kind === "permission") return `${verdict(decision)}: ${about}`
  return decision.answers === undefined ? `dismissed the ${about}` : `${verdict(decision)} to the ${about}`
}

/** Describes in one sentence what became of a decision. */
export const deliveryText = (delivery: Delivery, decision: Decision): string => {
  switch (delivery) {
    case "delivered":
      return decided(decision)
    case "unconfirmed":
      return `${decided(decision)} (probably: the request is settled, but opencode's confirmation was lost, so another client may have settled it first)`
    case "too late":
      return `too late, because the request was already settled elsewhere: ${describe(decision)}`
  }
}

const isOf =
  <Kind extends PendingRequest["kind"]>(kinds: ReadonlyArray<Kind>) =>
  (pending: PendingRequest): pending is Extract<PendingRequest, { kind: Kind }> =>
    kinds.some((kind) => kind === pending.kind)

const named = (pending: PendingRequest) => `${pending.request.id} (${describe(pending)})`

/** The open request of a session with this id; without an id, the only one of these kinds. */
export const openRequest = Effect.fnUntraced(function* <Kind extends PendingRequest["kind"]>(
  { instance, version }: Target,
  opencode: Opencode,
  session: Session,
  kinds: ReadonlyArray<Kind>,
  id: string | undefined,
) {
  const { result: requests, unreadable } = yield* countingUnreadable(pendingRequestsOf(opencode, session))
  const unknown = notUnderstood(unreadable, version)
  const open = requests.filter(isOf(kinds))
  const [found, ...others] = id === undefined ? open : open.filter(({ request }) => request.id === id)
  if (found === undefined) {
    return yield* new RequestNotOpen({
      instance,
      session: session.id,
      kinds,
      ...(id === undefined ? {} : { id }),
      ...(unknown === undefined ? {} : { notUnderstood: unknown }),
      ...(open.length === 0 ? {} : { open: open.map(named) }),
    })
  }
  return others.length === 0
    ? found
    : yield* new AmbiguousRequest({
        session: session.id,
        kinds,
        candidates: [found, ...others].map(named),
      })
})
