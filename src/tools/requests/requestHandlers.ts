/** The handlers of respond_permission and answer_question. */
import { Array, Clock, Effect, Predicate } from "effect"
import { makeUseAndTell } from "../shared/useAndTell.ts"
import { openRequest, refusal } from "../../opencode/requests/decision.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { ensureNotElsewhere } from "../../opencode/sessions/otherServers.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import { line } from "../../text/plainText.ts"
import { deliver } from "./askPerson.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { type FollowerOptions, makeFollower } from "../turns/follower.ts"
import { originalLabel, allowsCustomAnswer } from "./question.ts"
import { type AnswerQuestion, RequestTools, type RespondPermission } from "./RequestTools.ts"
import { makeResume } from "./resume.ts"

type Response = typeof RespondPermission.parametersSchema.Type
type Answer = typeof AnswerQuestion.parametersSchema.Type

const invalid = (parameter: string, value: unknown, detail: string) =>
  new InvalidParameter({ parameter, value: JSON.stringify(value) ?? "", detail })

type Permission = Extract<PendingRequest, { kind: "permission" }>
type Question = Extract<PendingRequest, { kind: "question" }>

const response = (pending: Permission, { message, response: reply }: Response) => {
  if (message === undefined) return Effect.succeed<Decision>({ ...pending, reply: { reply } })
  return reply === "reject"
    ? Effect.succeed<Decision>({ ...pending, reply: { reply, message } })
    : Effect.fail(invalid("message", message, 'it requires response "reject"'))
}

/** One list for each question. A list of texts holds all labels for one question, and one label for each of several. */
const answersFor = (
  questions: number,
  answers: NonNullable<Answer["answers"]>,
): ReadonlyArray<ReadonlyArray<string>> => {
  const isFlat = answers.length > 0 && answers.every(Predicate.isString)
  return questions === 1 && isFlat ? [answers] : answers.map((answer) => Array.ensure(answer))
}

/** Checks the labels, because opencode does not: a misspelt label would reach the agent as a custom answer. */
const answer = (pending: Question, { answers: given, reject = false }: Answer) => {
  const { questions } = pending.request
  if (reject) {
    return given === undefined || given.length === 0
      ? Effect.succeed(refusal(pending))
      : Effect.fail(invalid("reject", reject, "it excludes answers"))
  }
  if (given === undefined) {
    return Effect.fail(invalid("answers", given, "pass the answers, or reject true to dismiss the question"))
  }
  const answers = answersFor(questions.length, given)
  if (answers.length !== questions.length) {
    return Effect.fail(invalid("answers", answers, `it needs one list for each of the ${questions.length} questions`))
  }
  const meant = questions.map((question, index) =>
    (answers[index] ?? []).map((given) => originalLabel(question, given)),
  )
  const problems = questions.flatMap((question, index) => {
    const labels = question.options.map(({ label }) => label)
    const given = meant[index] ?? []
    const own = given.filter((label) => !labels.includes(label))
    const about = `question ${index + 1} (${line(question.question, 100)})`
    if (own.length > 0 && !allowsCustomAnswer(question)) {
      return [`${about} accepts only ${labels.map((label) => line(label, 100)).join(", ")}`]
    }
    return question.multiple === true || (given.length - own.length < 2 && own.length < 2)
      ? []
      : [`${about} accepts one answer`]
  })
  return problems.length === 0
    ? Effect.succeed<Decision>({ ...pending, answers: meant })
    : Effect.fail(invalid("answers", answers, problems.join("; ")))
}

export const requestHandlers = Effect.fnUntraced(function* (followerOptions: FollowerOptions) {
  const use = yield* makeUseAndTell
  const client = yield* OpencodeClient
  const turns = yield* Turns
  const follower = yield* makeFollower(followerOptions)
  const resume = yield* makeResume(followerOptions)

  const decide = <Kind extends PendingRequest["kind"], E>(
    { instance, session_id: reference }: { readonly instance?: string; readonly session_id: string },
    kind: Kind,
    id: string | undefined,
    decisionOn: (pending: Extract<PendingRequest, { kind: Kind }>) => Effect.Effect<Decision, E>,
  ) =>
    Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
      use(
        instance,
        Effect.fnUntraced(function* (target: Target) {
          const opencode = client.at(target)
          const session = yield* resolveSession(target, opencode, reference)
          const pending = yield* openRequest(target, opencode, session, kind, id).pipe(
            // It may be open at the instance that is running the turn.
            Effect.tapErrorTag("RequestNotOpen", () =>
              ensureNotElsewhere(opencode, target.instance, session).pipe(
                Effect.catchIf(
                  (error) => error._tag !== "RunsElsewhere",
                  () => Effect.void,
                ),
              ),
            ),
          )
          const decision = yield* decisionOn(pending)
          const origin = { target, opencode, session }
          const { decided, options, report } = yield* follower(origin, startedAt)
          const first = deliver(origin, pending, decision, decided)
          return yield* report((stages) => turns.follow(target, session, { ...options, first, stages }))
        }),
      ),
    ).pipe(resume)

  return RequestTools.of({
    respond_permission: (parameters) =>
      decide(parameters, "permission", parameters.permission_id, (pending) => response(pending, parameters)),
    answer_question: (parameters) =>
      decide(parameters, "question", parameters.question_id, (pending) => answer(pending, parameters)),
  })
})
