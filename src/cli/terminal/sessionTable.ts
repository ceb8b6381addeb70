/** The sessions of an instance as a table; subagents are indented below the session that started them. */
import type { SessionsView, SessionView } from "../../tools/sessions/sessionSchemas.ts"
import { elapsed } from "../../tools/shared/time.ts"
import type { Style } from "./style.ts"
import { type Cell, type Column, table } from "./table.ts"

const columns = (hasDirectories: boolean): ReadonlyArray<Column> => [
  { title: "ID" },
  { title: "TITLE", minWidth: 12 },
  { title: "STATUS" },
  { title: "MESSAGES", optional: true },
  { title: "UPDATED", optional: true },
  ...(hasDirectories ? [{ title: "DIRECTORY", minWidth: 12, optional: true }] : []),
  { title: "NOTE", minWidth: 12 },
]

const statusStyle = (style: Style, status: SessionView["status"]) =>
  status === "busy" ? style.good : status === "idle" ? style.faint : style.warning

/** The number of shown ancestors of a session. A cycle ends the search. */
const depth = (parents: ReadonlyMap<string, string | undefined>, { parent_session_id }: SessionView): number => {
  const ancestors = new Set<string>()
  for (let id = parent_session_id; id !== undefined && parents.has(id) && !ancestors.has(id); id = parents.get(id))
    ancestors.add(id)
  return ancestors.size
}

/** What the session waits for, and which subagent asks. */
const waitingText = ({ session_id: own, waiting_for = [] }: SessionView) =>
  waiting_for
    .map(({ about, session_id }) => (session_id === own ? about : `subagent ${session_id} asks: ${about}`))
    .join("; ")

/** Empty if there is no session. */
export const sessionTable = ({ as_of, sessions }: SessionsView, style: Style, room: number): ReadonlyArray<string> => {
  const hasDirectories = new Set(sessions.map(({ directory }) => directory)).size > 1
  const parents = new Map(sessions.map(({ parent_session_id, session_id }) => [session_id, parent_session_id]))
  const row = (view: SessionView): ReadonlyArray<Cell> => [
    { text: view.session_id, indent: 2 * depth(parents, view) },
    { text: view.title },
    { text: view.status, style: statusStyle(style, view.status) },
    {
      text:
        view.message_count === undefined ? "?" : `${view.message_count}${view.has_more_messages === true ? "+" : ""}`,
    },
    { text: elapsed(as_of, view.updated) },
    ...(hasDirectories ? [{ text: view.directory }] : []),
    { text: view.detail ?? waitingText(view) },
  ]
  return sessions.length === 0 ? [] : table(columns(hasDirectories), sessions.map(row), room)
}
