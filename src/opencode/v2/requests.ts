/** Permissions and forms of opencode 2 as the domain's pending requests, and answers to forms. */
import { Array, Predicate, Record, Struct } from "effect"
import { isUnrecognised } from "../http/tolerantArray.ts"
import { typeOf } from "../http/unknownPart.ts"
import { line } from "../../text/plainText.ts"
import type { PermissionRequest, Question, QuestionRequest } from "../requests/PendingRequest.ts"
import { detailsFrom, withArguments } from "../requests/toolArguments.ts"
import type { ToolState } from "../sessions/Message.ts"
import type { WireField, WireForm, WireFormValue, WirePermission } from "./wire/WireRequest.ts"

const changedFiles = (metadata: Readonly<Record<string, unknown>>) => {
  const { files } = metadata
  return Array.isArray(files) ? files.filter(Predicate.isReadonlyObject) : []
}

const textsOf = (files: ReadonlyArray<object>, key: string) =>
  files.flatMap((file) => {
    const value: unknown = Reflect.get(file, key)
    return typeof value === "string" ? [value] : []
  })

/** `tool`: the waiting tool call, if it is known. */
export const toPermission = (
  { action, id, message, metadata = {}, resources, save, sessionID, source }: WirePermission,
  tool?: ToolState,
): PermissionRequest => {
  const files = changedFiles(metadata)
  const details: Readonly<Record<string, string>> = {
    ...detailsFrom(Struct.omit(metadata, ["files"])),
    ...(message === undefined ? {} : { message }),
    ...(files.length === 0
      ? {}
      : { filepath: textsOf(files, "file").join(", "), diff: textsOf(files, "patch").join("\n") }),
  }
  const request: PermissionRequest = {
    id,
    sessionID,
    permission: action,
    patterns: resources,
    ...(source === undefined ? {} : { tool: { messageID: source.messageID, callID: source.id } }),
    ...(save === undefined ? {} : { always: Array.dedupe(save) }),
    alwaysIsStored: true,
    ...(Record.isEmptyRecord(details) ? {} : { details }),
  }
  return tool === undefined || tool.status === "pending" ? request : withArguments(request, tool.input)
}

const yes = "Yes"
const no = "No"

/** The fields that a person answers, in order. */
const questionsOf = ({ fields }: WireForm): ReadonlyArray<WireField> =>
  fields.flatMap((field) =>
    isUnrecognised(field) || field.type === "external" || field.hidden === true ? [] : [field],
  )

const toQuestionField = (field: WireField): Question => {
  const { description, key, title } = field
  const common = {
    question: description ?? title ?? key,
    ...(title === undefined || description === undefined ? {} : { header: title }),
  }
  switch (field.type) {
    case "string":
    case "multiselect":
      return {
        ...common,
        options: (field.options ?? []).map(({ description, label }) => ({
          label,
          ...(description === undefined ? {} : { description }),
        })),
        ...(field.type === "multiselect" ? { multiple: true } : {}),
        custom: field.custom ?? field.options === undefined,
      }
    case "boolean":
      return { ...common, options: [{ label: yes }, { label: no }], custom: false }
    case "number":
    case "integer":
      return { ...common, options: [] }
  }
}

/** Says in the last question which fields of the form are missing. */
const withUnknownFields = (questions: ReadonlyArray<Question>, { fields }: WireForm): ReadonlyArray<Question> => {
  const unknown = fields.filter(isUnrecognised).map((field) => line(typeOf(field), 50))
  if (unknown.length === 0) return questions
  const note = `opencode also shows ${unknown.length === 1 ? "a field" : `${unknown.length} fields`} here that this version of opencode-fleet does not understand: ${unknown.join(", ")}`
  const last = questions.at(-1)
  return last === undefined
    ? [{ question: note, options: [] }]
    : [...questions.slice(0, -1), { ...last, question: `${last.question} (${note})` }]
}

export const toQuestion = (form: WireForm): QuestionRequest => {
  const { id, metadata, sessionID } = form
  const messageID = metadata?.tool?.messageID
  return {
    id,
    sessionID,
    ...(messageID === undefined ? {} : { tool: { messageID } }),
    questions: withUnknownFields(questionsOf(form).map(toQuestionField), form),
  }
}

const valueOf = (field: WireField, labels: ReadonlyArray<string>): WireFormValue | undefined => {
  const [label] = labels
  if (label === undefined) return undefined
  switch (field.type) {
    case "boolean":
      return label === yes
    case "number":
    case "integer":
      return Number.isFinite(Number(label)) ? Number(label) : label
    default: {
      const values = labels.map((each) => field.options?.find((option) => option.label === each)?.value ?? each)
      return field.type === "multiselect" ? values : values[0]
    }
  }
}

/** The values of a form by its fields' keys, made from a list of labels for each question. */
export const formAnswer = (
  form: WireForm,
  answers: ReadonlyArray<ReadonlyArray<string>>,
): Readonly<Record<string, WireFormValue>> =>
  Object.fromEntries(
    questionsOf(form).flatMap((field, index) => {
      const value = valueOf(field, answers[index] ?? [])
      return value === undefined ? [] : [[field.key, value] as const]
    }),
  )
