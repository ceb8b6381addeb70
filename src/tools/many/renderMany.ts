/** Renders the answer about several sessions as Markdown. */
import { block, code, paragraphs } from "../shared/markdown.ts"
import type { ManySessionsView, ManySessionView } from "./manySchemas.ts"

const session = ({ detail, instance, outcome, session_id, text, title, waiting_for = [] }: ManySessionView): string =>
  [
    `- **${outcome}** · ${title === undefined ? "" : `${code(title)} · `}${code(session_id)} on ${code(instance)}${
      detail === undefined || waiting_for.length > 0 ? "" : ` · ${code(detail)}`
    }`,
    ...waiting_for.map(({ about, id }) => `  Waiting for a person: ${code(about)} (${code(id)})`),
    ...(text === undefined ? [] : [block(text)]),
  ].join("\n")

const counts = (view: ManySessionsView): string =>
  [
    ...(view.waiting_count === 0 ? [] : [`${view.waiting_count} waiting for a person`]),
    ...(view.error_count === 0 ? [] : [`${view.error_count} cannot be followed`]),
    ...(view.ended_count === 0 ? [] : [`${view.ended_count} ended`]),
    ...(view.running_count === 0 ? [] : [`${view.running_count} still running`]),
  ].join(", ")

export const renderMany = (view: ManySessionsView): string =>
  paragraphs(
    counts(view),
    view.sessions.map(session).join("\n"),
    ...(view.unchecked ?? []).map(({ error, instance }) => `Not checked: ${code(instance)}: ${code(error)}`),
    view.next ?? "",
  )
