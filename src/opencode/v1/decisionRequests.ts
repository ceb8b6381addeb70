/** Reads pending requests and sends decisions. opencode 1 keeps both per directory. */
import { Effect } from "effect"
import type { ClientError } from "../errors.ts"
import type { Opencode } from "../Opencode.ts"
import type { Decision, PendingRequest } from "../requests/PendingRequest.ts"
import type { Call } from "../http/makeCall.ts"
import { readToolCalls } from "./readToolCalls.ts"
import type { Routes } from "./routes.ts"
import { understood } from "../http/tolerantArray.ts"

/** opencode answers 404 for an unknown or settled request. */
const isSettled = (error: ClientError) => error._tag === "OpencodeError" && error.status === 404

export const decisionRequests = (routes: Routes, call: Call) => {
  const { request: api } = routes.api
  const reply = (directory: string, decision: Decision) => {
    const query = { directory }
    if (decision.kind === "permission") {
      const { reply: payload, request } = decision
      return api
        .replyPermission({ params: { requestID: request.id }, query, payload })
        .pipe(call("reply to permission"))
    }
    const { answers, request } = decision
    const params = { requestID: request.id }
    return answers === undefined
      ? api.rejectQuestion({ params, query }).pipe(call("reject question"))
      : api.replyQuestion({ params, query, payload: { answers } }).pipe(call("reply to question"))
  }
  return {
    pendingRequests: (directory) =>
      Effect.all(
        [
          api.permissions({ query: { directory } }).pipe(Effect.flatMap(understood("permission")), call("permissions")),
          api.questions({ query: { directory } }).pipe(Effect.flatMap(understood("question")), call("questions")),
        ],
        { concurrency: 2 },
      ).pipe(
        Effect.map(([permissions, questions]) => [
          ...permissions.map((request): PendingRequest => ({ kind: "permission", request })),
          ...questions.map((request): PendingRequest => ({ kind: "question", request })),
        ]),
      ),
    toolCalls: readToolCalls(routes, call),
    decide: (directory, decision) =>
      reply(directory, decision).pipe(
        Effect.as(true),
        Effect.catchIf(isSettled, () => Effect.succeed(false)),
      ),
  } satisfies Partial<Opencode>
}
