/** Pending permissions and forms, and the decisions on them. A request is only found under its own session. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { PermissionId, QuestionId, SessionId } from "../../opencode/Identifiers.ts"
import { OpencodeApi } from "../../opencode/v2/OpencodeApi.ts"
import type { FakeState } from "../FakeState.ts"
import { event } from "../samples.ts"
import { formOf, labelsOf, permissionOf, refuse } from "./wire.ts"
import { type Answer, within } from "./within.ts"

interface Reply {
  readonly decision: "once" | "always" | "reject"
  readonly message?: string
}

/**
 * A rejection settles every other open permission of the session as well. With a message the turn continues, and receives
 * what steers it.
 */
const replyPermission = (
  fake: FakeState,
  sessionID: SessionId,
  requestID: PermissionId,
  reply: Reply,
): Answer<void> => {
  const { decision, ...message } = reply
  const asked = fake.permissions.find(({ id, sessionID: owner }) => id === requestID && owner === sessionID)
  if (asked === undefined) return refuse(404, "PermissionNotFoundError", `Permission request not found: ${requestID}`)
  const settled = fake.permissions.filter(
    (other) => other === asked || (decision === "reject" && other.sessionID === sessionID),
  )
  fake.permissions = fake.permissions.filter((other) => !settled.includes(other))
  fake.replies.push({ id: requestID, reply: decision, ...message })
  fake.emit(...settled.map((each) => event.replied(each)))
  if (decision === "reject" && (message.message ?? "") !== "") fake.steer(sessionID)
  return Effect.void
}

const replyForm = (
  fake: FakeState,
  sessionID: SessionId,
  formID: QuestionId,
  answer: Parameters<typeof labelsOf>[1],
): Answer<void> => {
  const asked = fake.questions.find(({ id, sessionID: owner }) => id === formID && owner === sessionID)
  if (asked === undefined) {
    return fake.replies.some(({ id }) => id === formID)
      ? refuse(409, "FormAlreadySettledError", `Form already settled: ${formID}`)
      : refuse(404, "FormNotFoundError", `Form not found: ${formID}`)
  }
  const given = labelsOf(asked, answer)
  if ("refused" in given) return refuse(400, "FormInvalidAnswerError", given.refused)
  fake.questions = fake.questions.filter(({ id }) => id !== formID)
  fake.replies.push({ id: formID, answers: given.labels })
  fake.emit(event.answered(asked))
  return Effect.void
}

export const requestHandlers = (fake: FakeState) =>
  HttpApiBuilder.group(OpencodeApi, "request", (handlers) =>
    handlers.handleAll({
      permissions: ({ params }) =>
        within(fake, params.sessionID, ({ id }) =>
          Effect.sync(() => ({
            data: fake.permissions.filter(({ sessionID }) => sessionID === id).map((each) => permissionOf(fake, each)),
          })),
        ),
      forms: ({ params }) =>
        within(fake, params.sessionID, ({ id }) =>
          Effect.sync(() => ({
            data: fake.questions.filter(({ sessionID }) => sessionID === id).map((each) => formOf(fake, each)),
          })),
        ),
      replyPermission: ({ params: { requestID, sessionID }, payload }) =>
        within(fake, sessionID, ({ id }) => Effect.suspend(() => replyPermission(fake, id, requestID, payload))),
      replyForm: ({ params: { formID, sessionID }, payload: { answer } }) =>
        within(fake, sessionID, ({ id }) => Effect.suspend(() => replyForm(fake, id, formID, answer))),
    }),
  )
