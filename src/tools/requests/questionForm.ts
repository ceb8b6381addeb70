/**
 * The forms for questions. One form asks up to four questions. A choice called "another answer…" leads to a further form
 * for the person's own words, so that no form has a text field that may stay empty, which the Codex TUI cannot submit.
 */
import { Schema } from "effect"
import type { Question, QuestionRequest } from "../../opencode/requests/PendingRequest.ts"
import { line, quote } from "../../text/plainText.ts"
import { shortLine } from "../../text/shortLine.ts"
import { type DecisionForm, fieldsIn, type Filled, type Reading, unknownFields, unusable } from "./formTypes.ts"
import { allowsCustomAnswer, anotherAnswer, shownLabels } from "./question.ts"

/** A form with more questions would not fit into a terminal. */
const maxQuestions = 4

const maxDescription = 150

/** How a question is asked: the choice among its options, or text. */
interface Asked {
  readonly index: number
  readonly question: Question
  readonly name: string
  /** Empty if the field takes text. */
  readonly choices: ReadonlyArray<string>
}

const ownWords = (index: number) => `other_${index + 1}`

const asked = (question: Question, index: number): Asked => {
  const labels = shownLabels(question)
  return labels.length === 0
    ? { index, question, name: ownWords(index), choices: [] }
    : {
        index,
        question,
        name: `answer_${index + 1}`,
        choices: allowsCustomAnswer(question) ? [...labels, anotherAnswer(question)] : labels,
      }
}

/** In JSON Schema a union of one member is not an enum, and MCP rejects it. */
const oneOf = (labels: ReadonlyArray<string>): Schema.Codec<string> => {
  const [only, ...others] = labels
  return only !== undefined && others.length === 0 ? Schema.Literal(only) : Schema.Literals(labels)
}

const fieldOf = ({ choices, index, question }: Asked) => {
  const about = {
    title: line(question.header ?? `Question ${index + 1}`, 100),
    description: shortLine(question.question, maxDescription),
  }
  if (choices.length === 0) return Schema.String.annotate(about)
  const chosen: Schema.Codec<string | ReadonlyArray<string>> =
    question.multiple === true ? Schema.Array(oneOf(choices)) : oneOf(choices)
  return chosen.annotate(about)
}

/** Of several questions each may stay unanswered, which opencode allows, but not all of them. */
const schemaOf = (fields: ReadonlyArray<Asked>, total: number) =>
  Schema.Struct(
    Object.fromEntries(
      fields.map((asked) => [
        asked.name,
        total > 1 && asked.choices.length > 0 ? Schema.optionalKey(fieldOf(asked)) : fieldOf(asked),
      ]),
    ),
  )

const textsIn = (value: unknown): ReadonlyArray<string> | undefined => {
  const values: ReadonlyArray<unknown> = Array.isArray(value)
    ? value
    : value === undefined || value === null
      ? []
      : [value]
  const texts = values.filter((each) => typeof each === "string")
  return texts.length === values.length ? texts.filter((text) => text.trim() !== "") : undefined
}

/** Why these texts cannot be the answer to the question. A client may offer a text field beside the choices. */
const problemWith = ({ choices, index, name, question }: Asked, texts: ReadonlyArray<string> | undefined) => {
  if (texts === undefined) return `${name} is no text`
  if (question.multiple !== true && texts.length > 1) return `question ${index + 1} takes one answer`
  if (allowsCustomAnswer(question)) return undefined
  const wrong = texts.find((text) => !choices.includes(text))
  return wrong === undefined ? undefined : `${quote(wrong)} is none of the choices of question ${index + 1}`
}

const isPending =
  (filled: Filled) =>
  ({ choices, index, name, question }: Asked) =>
    filled[name]?.includes(anotherAnswer(question)) === true &&
    choices.length > 0 &&
    filled[ownWords(index)] === undefined

/** The answer to a question, in opencode's own labels and in the order of its options. */
const answerTo =
  (filled: Filled) =>
  ({ index, name, question }: Asked): ReadonlyArray<string> => {
    const labels = shownLabels(question)
    const given = new Set(filled[name])
    const chosen = question.options.flatMap(({ label }, option) => (given.delete(labels[option] ?? "") ? [label] : []))
    const isOther = labels.length > 0 && given.delete(anotherAnswer(question))
    return [...chosen, ...given, ...(isOther ? (filled[ownWords(index)] ?? []) : [])]
  }

const readPage = (page: ReadonlyArray<Asked>, content: unknown) => {
  const fields = fieldsIn(content)
  const texts = page.map(({ name }) => textsIn(fields[name]))
  return {
    ignored: unknownFields(
      fields,
      page.map(({ name }) => name),
    ),
    problems: page.flatMap((asked, index) => problemWith(asked, texts[index]) ?? []),
    read: Object.fromEntries(page.map(({ name }, index) => [name, texts[index] ?? []])),
  }
}

/** The next form of the request, given what was filled in so far. None if nothing is left to ask. */
export const questionForm = (request: QuestionRequest, filled: Filled = {}): DecisionForm | undefined => {
  const all = request.questions.map(asked)
  const unread = all.filter(({ name }) => filled[name] === undefined)
  const page = (
    unread.length > 0
      ? unread
      : all.filter(isPending(filled)).map((asked) => ({ ...asked, name: ownWords(asked.index), choices: [] }))
  ).slice(0, maxQuestions)
  if (page.length === 0) return undefined

  const asksForWords = unread.length === 0
  const read = (content: unknown): Reading => {
    const { ignored, problems, read } = readPage(page, content)
    if (problems.length > 0) return unusable(...problems, ...ignored)
    if (asksForWords && Object.values(read).some((texts) => texts.length === 0)) {
      return unusable("nothing was written", ...ignored)
    }
    const now = { ...filled, ...read }
    if (questionForm(request, now) !== undefined) return { _tag: "Incomplete", filled: now, ignored }
    // What was filled in before comes back from the client, which may have changed it.
    const wrong = all.flatMap((asked) => problemWith(asked, now[asked.name]) ?? [])
    if (wrong.length > 0) return unusable(...wrong, ...ignored)
    const answers = all.map(answerTo(now))
    return answers.every((answer) => answer.length === 0)
      ? unusable("nothing was chosen", ...ignored)
      : { _tag: "Decided", decision: { kind: "question", request, answers }, ignored }
  }
  return {
    schema: schemaOf(page, all.length),
    read,
    rows: 2 * page.length + Math.min(5, Math.max(...page.map(({ choices }) => choices.length))),
    questions: page.map(({ index }) => index),
    asksForWords,
  }
}
