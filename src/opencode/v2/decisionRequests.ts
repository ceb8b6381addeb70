/** Reads pending requests and sends decisions. A request belongs to the requesting session. */
import { Effect, Schema } from "effect"
import type { ClientError } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { understood } from "../http/tolerantArray.ts"
import { freshMessageId, SessionId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { Decision, PendingRequest } from "../requests/PendingRequest.ts"
import { readToolCalls } from "./readToolCalls.ts"
import { reasonMark, type RefusedSteps } from "./refusals.ts"
import { formAnswer, toPermission, toQuestion } from "./requests.ts"
import type { Routes } from "./routes.ts"
import { sessionMetadata } from "./sessionMetadata.ts"
import { activeSessions } from "./sessionRequests.ts"

const isSessionId = Schema.is(SessionId)

/** opencode answers 404 or 409 for an unknown or settled request. A deleted session has no requests. */
const settledBefore = (error: ClientError) =>
  error._tag === "SessionNotFound" || (error._tag === "OpencodeError" && (error.status === 404 || error.status === 409))

export const decisionRequests = (routes: Routes, call: Call, refused: RefusedSteps) => {
  const { request: api, session: sessions } = routes.api
  const metadata = sessionMetadata(routes, call)

  const permissionsOf = (sessionID: SessionId) =>
    api.permissions({ params: { sessionID } }).pipe(
      Effect.flatMap(({ data }) => understood("permission")(data)),
      call("permissions", { session: sessionID }),
    )

  const formsOf = (sessionID: SessionId) =>
    api.forms({ params: { sessionID } }).pipe(
      Effect.flatMap(({ data }) => understood("question")(data)),
      call("forms", { session: sessionID }),
    )

  const pendingOf = Effect.fnUntraced(
    function* (session: SessionId) {
      const [permissions, forms] = yield* Effect.all([permissionsOf(session), formsOf(session)], { concurrency: 2 })
      return [
        ...permissions.map((permission): PendingRequest => ({ kind: "permission", request: toPermission(permission) })),
        ...forms.map((form): PendingRequest => ({ kind: "question", request: toQuestion(form) })),
      ]
    },
    // One broken session must not hide the requests of the others.
    Effect.catchTags({
      SessionNotFound: () => Effect.succeed<ReadonlyArray<PendingRequest>>([]),
      DirectoryNotFound: () => Effect.succeed<ReadonlyArray<PendingRequest>>([]),
    }),
  )

  /** Interrupts the requesting session; a subagent's parent continues. False if the session no longer waits for the request. */
  const refuse = Effect.fnUntraced(function* ({ kind, request }: Decision) {
    const { id, sessionID, tool } = request
    const open = kind === "permission" ? yield* permissionsOf(sessionID) : yield* formsOf(sessionID)
    if (!open.some((other) => other.id === id)) return false
    if (tool !== undefined) {
      refused.add(tool.messageID)
      // Without it, other processes would report an abort. It is not worth failing for.
      yield* Effect.ignore(metadata.addRefusedStep(sessionID, tool.messageID), { log: "Debug" })
    }
    const { interrupted } = yield* sessions
      .interrupt({ params: { sessionID } })
      .pipe(call("interrupt", { session: sessionID }))
    return interrupted
  })

  /** Puts the reason into the inbox first, so that the step after the rejection receives it. */
  const rejectWithReason = Effect.fnUntraced(function* (
    { request: { id, sessionID } }: Extract<Decision, { readonly kind: "permission" }>,
    message: string,
  ) {
    const permission = (yield* permissionsOf(sessionID)).find((other) => other.id === id)
    if (permission === undefined) return false
    const inboxID = yield* freshMessageId
    // `resume: false`, because the reason must not start a turn if this one has ended meanwhile.
    const payload = { id: inboxID, text: message, delivery: "steer", resume: false } as const
    const mark = reasonMark(permission.source?.id ?? id)
    yield* sessions
      .prompt({ params: { sessionID }, payload: { ...payload, metadata: mark } })
      .pipe(call("prompt", { session: sessionID }))
    return yield* api
      .replyPermission({ params: { sessionID, requestID: id }, payload: { decision: "reject", message } })
      .pipe(
        call("reply to permission"),
        Effect.as(true),
        Effect.catchIf(settledBefore, () =>
          sessions
            .cancelPrompt({ params: { sessionID, inboxID } })
            .pipe(call("cancel prompt", { session: sessionID }), Effect.as(false)),
        ),
      )
  })

  const decide = Effect.fnUntraced(function* (decision: Decision): Effect.fn.Return<boolean, ClientError> {
    const { id, sessionID } = decision.request
    if (decision.kind === "permission") {
      const { message, reply } = decision.reply
      if (reply === "reject") {
        return yield* message === undefined ? refuse(decision) : rejectWithReason(decision, message)
      }
      yield* api
        .replyPermission({
          params: { sessionID, requestID: decision.request.id },
          payload: { decision: reply },
        })
        .pipe(call("reply to permission"))
      return true
    }
    const { answers, request } = decision
    if (answers === undefined) return yield* refuse(decision)
    const form = (yield* formsOf(sessionID)).find((other) => other.id === id)
    if (form === undefined) return false
    yield* api
      .replyForm({ params: { sessionID, formID: request.id }, payload: { answer: formAnswer(form, answers) } })
      .pipe(call("reply to form"))
    return true
  })

  return {
    // A session that waits for a person is active.
    pendingRequests: () =>
      activeSessions(routes, call).pipe(
        Effect.flatMap((ids) => Effect.forEach(ids.filter(isSessionId), pendingOf, { concurrency: 8 })),
        Effect.map((all) => all.flat()),
      ),
    toolCalls: readToolCalls(routes, call),
    decide: (_directory, decision) => decide(decision).pipe(Effect.catchIf(settledBefore, () => Effect.succeed(false))),
  } satisfies Partial<Opencode>
}
