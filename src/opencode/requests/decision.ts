/** What a person decides about a pending request, and how it reaches opencode. */
import { Effect, Schedule } from "effect"
import { pendingOf } from "../sessions/activity.ts"
import { AmbiguousRequest, type ClientError, InstanceUnreachable, mayHaveArrived, RequestNotOpen } from "../errors.ts"
import type { Opencode } from "../Opencode.ts"
import { type Decision, describe, type PendingRequest } from "./PendingRequest.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"

/** The decision against whatever is asked. */
export const refusal = (pending: PendingRequest): Decision =>
  pending.kind === "permission" ? { ...pending, reply: { reply: "reject" } } : { ...pending, answers: undefined }

/** Away for a moment, or behind a proxy that says so. What opencode itself says is final. */
const mayPass = (error: ClientError) =>
  error._tag === "InstanceUnreachable" ||
  error._tag === "RequestTimeout" ||
  (error._tag === "UnexpectedResponse" && (error.status ?? 0) >= 500)

/** An instance that is away for a moment gets the decision all the same. */
const whileAway = Schedule.upTo(Schedule.spaced("1 second"), { duration: "20 seconds" })

/**
 * Tells opencode. False if the request was settled before. It is told again where that failed, for a second answer to
 * the same request is refused.
 */
export const settle = Effect.fn("settle")(function* (
  opencode: Opencode,
  session: Session,
  decision: Decision,
): Effect.fn.Return<boolean, ClientError> {
  let arrived = false
  return yield* opencode.decide(session.directory, decision).pipe(
    Effect.tapError((error) => Effect.sync(() => (arrived ||= mayHaveArrived(error)))),
    Effect.retry({ while: mayPass, schedule: whileAway }),
    Effect.map((isFirst) => isFirst || arrived),
    Effect.mapError((error) =>
      error._tag === "InstanceUnreachable" && arrived
        ? new InstanceUnreachable({ ...error, mayHaveArrived: true })
        : error,
    ),
  )
})

/** The decision in a few words: `allowed once`. */
export const verdict = (decision: Decision): string => {
  if (decision.kind === "question") {
    return decision.answers === undefined
      ? "not answered, dismissed"
      : `answered ${decision.answers.map((labels) => labels.join(", ") || "nothing").join(" / ")}`
  }
  const { message, reply } = decision.reply
  if (reply === "reject") return message === undefined ? "rejected" : `rejected (${message})`
  return reply === "once" ? "allowed once" : "allowed always, in all sessions of the directory"
}

/** The open request that is meant: the one of that id, or the only one of its kind. */
export const openRequest = Effect.fnUntraced(function* <Kind extends PendingRequest["kind"]>(
  { instance }: Target,
  opencode: Opencode,
  session: Session,
  kind: Kind,
  id: string | undefined,
) {
  const open = (yield* pendingOf(opencode, session)).filter(
    (pending): pending is Extract<PendingRequest, { kind: Kind }> => pending.kind === kind,
  )
  const [found, ...others] = id === undefined ? open : open.filter(({ request }) => request.id === id)
  if (found === undefined) {
    return yield* new RequestNotOpen({ instance, session: session.id, kind, ...(id === undefined ? {} : { id }) })
  }
  return others.length === 0
    ? found
    : yield* new AmbiguousRequest({
        session: session.id,
        kind,
        candidates: [found, ...others].map((pending) => `${pending.request.id} (${describe(pending)})`),
      })
})
