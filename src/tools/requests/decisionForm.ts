/** Turns a pending request into a form that an MCP client can show, and the filled-in form into a decision. */
import { Option, Schema } from "effect"
import {
  alwaysScope,
  type Decision,
  type PendingRequest,
  type PermissionRequest,
  type Question,
  type QuestionRequest,
} from "../../opencode/requests/PendingRequest.ts"
import { line } from "../../text/plainText.ts"
import { shownLabels, allowsCustomAnswer } from "./question.ts"

/** A form, and a function that reads the decision from its content. None if the content does not match the form. */
export interface DecisionForm {
  readonly schema: Schema.Constraint
  readonly read: (content: unknown) => Option.Option<Decision>
}

const permissionSchema = (request: PermissionRequest) =>
  Schema.Struct({
    decision: Schema.Literals(["once", "always", "reject"]).annotate({
      title: "Decision",
      description: `once, always (in ${alwaysScope(request)}), or reject`,
    }),
    reason: Schema.optionalKey(
      Schema.String.annotate({
        title: "Reason",
        description: "Only with reject: what the agent should do instead. Without a reason the turn ends.",
      }),
    ),
  })

const permissionForm = (request: PermissionRequest): DecisionForm => {
  const schema = permissionSchema(request)
  return {
    schema,
    read: (content) =>
      Option.map(Schema.decodeUnknownOption(schema)(content), ({ decision: reply, reason = "" }) => ({
        kind: "permission",
        request,
        reply: reply === "reject" && reason.trim() !== "" ? { reply, message: reason } : { reply },
      })),
  }
}

/** In JSON Schema a union of one member is not an enum, and MCP rejects it. */
const oneOf = (labels: ReadonlyArray<string>): Schema.Codec<string> => {
  const [only, ...others] = labels
  return only !== undefined && others.length === 0 ? Schema.Literal(only) : Schema.Literals(labels)
}

type Field =
  | Schema.Codec<string | ReadonlyArray<string>>
  | Schema.optionalKey<Schema.Codec<string | ReadonlyArray<string>>>

const fieldsOf = (question: Question, index: number): ReadonlyArray<readonly [name: string, field: Field]> => {
  const labels = shownLabels(question)
  const about = {
    title: line(question.header ?? `Question ${index + 1}`, 100),
    description: line(question.question, 500),
  }
  const chosen = question.multiple === true ? Schema.Array(oneOf(labels)) : oneOf(labels)
  const own = Schema.String.annotate({ title: "Other", description: "A custom answer" })
  if (labels.length === 0) return [[`other_${index + 1}`, Schema.String.annotate(about)]]
  return allowsCustomAnswer(question)
    ? [
        [`answer_${index + 1}`, Schema.optionalKey(chosen.annotate(about))],
        [`other_${index + 1}`, Schema.optionalKey(own)],
      ]
    : [[`answer_${index + 1}`, chosen.annotate(about)]]
}

const Filled = Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Array(Schema.String)]))

const answersOf = (filled: typeof Filled.Type) => (question: Question, index: number) => {
  const labels = shownLabels(question)
  const chosen = new Set([filled[`answer_${index + 1}`] ?? []].flat())
  const own = [filled[`other_${index + 1}`] ?? []].flat().filter((text) => text.trim() !== "")
  return [...question.options.flatMap(({ label }, index) => (chosen.has(labels[index] ?? "") ? [label] : [])), ...own]
}

const questionForm = (request: QuestionRequest): DecisionForm => {
  const schema = Schema.Struct(Object.fromEntries(request.questions.flatMap(fieldsOf)))
  return {
    schema,
    read: (content) =>
      Schema.decodeUnknownOption(schema)(content).pipe(
        Option.flatMap(Schema.decodeUnknownOption(Filled)),
        Option.map((filled) => ({ kind: "question", request, answers: request.questions.map(answersOf(filled)) })),
      ),
  }
}

export const decisionForm = (pending: PendingRequest): DecisionForm =>
  pending.kind === "permission" ? permissionForm(pending.request) : questionForm(pending.request)
