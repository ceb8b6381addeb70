/** Checks what a person decided about a pending request, before anything is sent. */
import { Array, Effect, Predicate } from "effect"
import { refusal } from "../../opencode/requests/decision.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { line } from "../../text/plainText.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"
import { originalLabel, allowsCustomAnswer } from "./question.ts"
import type { AnswerQuestion, RespondPermission } from "./RequestTools.ts"

type Response = Pick<typeof RespondPermission.parametersSchema.Type, "message" | "response">
type Answer = Pick<typeof AnswerQuestion.parametersSchema.Type, "answers" | "reject">

const invalid = (parameter: string, value: unknown, detail: string) =>
  new InvalidParameter({ parameter, value: JSON.stringify(value) ?? "", detail })

type Permission = Extract<PendingRequest, { kind: "permission" }>
type Question = Extract<PendingRequest, { kind: "question" }>

export const response = (pending: Permission, { message, response: reply }: Response) => {
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
export const answer = (pending: Question, { answers: given, reject = false }: Answer) => {
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
