/** A client with a person, as the tools see it. Supports both ways in which MCP shows forms. */
import { assert } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Option } from "effect"
import type { PermissionRequest, QuestionRequest } from "../../../src/opencode/requests/PendingRequest.ts"
import { Call, type CallValues, type ElicitationRequest, type ElicitationReply } from "../../../src/mcp/Call.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { call, type ToolParameters } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { event, here, session, ses } from "../../../src/testing/samples.ts"

/** The fake opencode with a session, its subagent and another session. */
export const withMain = Effect.tap(FakeOpencode, (fake) =>
  Effect.sync(() => {
    fake.sessions = [session("main"), session("child", { parentID: here }), session("other")]
  }),
)

export const child = ses("child")

/** Runs calls as an MCP client with these abilities. Without progress the client times out after a minute. */
export const asClient =
  (values: Partial<CallValues>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Call, (withoutClient) =>
      Effect.provideService(effect, Call, {
        ...withoutClient,
        answerWithin: values.wantsProgress === true ? undefined : Duration.seconds(47),
        ...values,
      }),
    )

/** A person who gives these replies to the forms in order, and closes all further forms. */
export const answering = (...replies: ReadonlyArray<ElicitationReply>) => {
  const forms: Array<ElicitationRequest> = []
  const ask = (form: ElicitationRequest) =>
    Effect.sync((): ElicitationReply => replies[forms.push(form) - 1] ?? { action: "cancel" })
  return { forms, values: { canAsk: true, ask } satisfies Partial<CallValues> }
}

/** A person who replies when the test says so. */
export const thinking = Effect.gen(function* () {
  const forms: Array<ElicitationRequest> = []
  const answer = yield* Deferred.make<ElicitationReply>()
  let takenBack = false
  const ask = (form: ElicitationRequest) =>
    Effect.suspend(() => {
      forms.push(form)
      return Deferred.await(answer)
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => (takenBack = true))))
  return {
    forms,
    values: { canAsk: true, ask } satisfies Partial<CallValues>,
    answer: (reply: ElicitationReply) => Deferred.succeed(answer, reply),
    isTakenBack: Effect.sync(() => takenBack),
  }
})

export const accept = (content: unknown): ElicitationReply => ({ action: "accept", content })

type Following = "send_message" | "wait_for_session" | "respond_permission" | "answer_question"

/** Starts a call in a fiber and lets it begin. */
export const calling = Effect.fnUntraced(function* <Name extends Following>(
  name: Name,
  parameters: ToolParameters<Name>,
  values: Partial<CallValues> = {},
) {
  const fiber = yield* Effect.forkChild(asClient(values)(call(name, parameters)))
  yield* pass(500)
  return fiber
})

export const sending = (values?: Partial<CallValues>) =>
  calling("send_message", { session_id: here, message: "Do it" }, values)

/** Opens these requests. */
export const wants = Effect.fnUntraced(function* (...requests: ReadonlyArray<PermissionRequest | QuestionRequest>) {
  const fake = yield* FakeOpencode
  for (const request of requests) {
    // A subagent's session appears in events before its first request.
    fake.emit(...fake.sessions.filter(({ id }) => id === request.sessionID).map(event.updated))
    if ("questions" in request) {
      fake.questions.push(request)
      fake.emit(event.questioned(request))
    } else {
      fake.permissions.push(request)
      fake.emit(event.asked(request))
    }
  }
  yield* pass(500)
})

/** Sends a message and opens these requests in its turn. */
export const waitingFor = Effect.fnUntraced(function* (
  ...requests: ReadonlyArray<PermissionRequest | QuestionRequest>
) {
  const fiber = yield* sending()
  yield* wants(...requests)
  yield* Fiber.join(fiber)
})

/**
 * A call of a client of revision 2026-07-28, which ends with a form. The client
 * passes the form's state to the next call.
 */
export const endingWithQuestion = Effect.fnUntraced(function* <Name extends Following, R>(
  name: Name,
  parameters: ToolParameters<Name>,
  resumed: CallValues["resumed"],
  meanwhile: Effect.Effect<void, never, R>,
) {
  const asked = yield* Deferred.make<ElicitationRequest>()
  const ask = (question: ElicitationRequest) => Effect.andThen(Deferred.succeed(asked, question), Effect.never)
  const fiber = yield* calling(name, parameters, { canAsk: true, ask, resumed })
  yield* meanwhile
  yield* pass(500)
  const question = yield* Deferred.poll(asked)
  assert(Option.isSome(question), "nothing was asked")
  yield* Fiber.interrupt(fiber)
  return yield* question.value
})

/** The `resumed` value of a call that brings an answer. */
export const answerTo = ({ state }: Pick<ElicitationRequest, "state">, reply: ElicitationReply) =>
  Option.some({ state, reply })
