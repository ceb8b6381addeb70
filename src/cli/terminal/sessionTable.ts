/** The sessions of an instance as a table; subagents are indented below the session that started them. */
import type { SessionsView, SessionView } from "../../tools/sessions/sessionSchemas.ts"
import { elapsed } from "../../tools/shared/time.ts"
import { cutPath } from "../../text/cells.ts"
import type { Style } from "./style.ts"
import { type Column, type Note, type Row, tableWithNotes } from "./table.ts"

const columns = (hasDirectories: boolean): ReadonlyArray<Column> => [
  { title: "ID", whole: true },
  { title: "TITLE", minWidth: 16, priority: 1 },
  { title: "STATUS" },
  { title: "MESSAGES", priority: 4 },
  { title: "UPDATED", priority: 2 },
  ...(hasDirectories ? [{ title: "DIRECTORY", minWidth: 16, priority: 3, cut: cutPath }] : []),
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

/** What the session waits for, and which subagent asks; otherwise more about its status. */
const notes = (
  { detail, session_id: own, waiting_for: waiting = [], waiting_for_count: count = 0 }: SessionView,
  style: Style,
): ReadonlyArray<Note> => [
  ...(detail === undefined ? [] : [{ text: detail }]),
  ...waiting.map(({ about, session_id }) => ({
    text: session_id === own ? about : `subagent ${session_id} asks: ${about}`,
    style: style.warning,
  })),
  ...(count > waiting.length ? [{ text: `and ${count - waiting.length} more`, style: style.warning }] : []),
]

/** Empty if there is no session. */
export const sessionTable = (
  { as_of, sessions }: SessionsView,
  style: Style,
  path: (path: string) => string,
  room: number,
): ReadonlyArray<string> => {
  const hasDirectories = new Set(sessions.map(({ directory }) => directory)).size > 1
  const parents = new Map(sessions.map(({ parent_session_id, session_id }) => [session_id, parent_session_id]))
  const row = (view: SessionView): Row => ({
    cells: [
      { text: view.session_id, indent: 2 * depth(parents, view) },
      { text: view.title },
      { text: view.status, style: statusStyle(style, view.status) },
      {
        text:
          view.message_count === undefined ? "…" : `${view.message_count}${view.has_more_messages === true ? "+" : ""}`,
      },
      { text: elapsed(as_of, view.updated) },
      ...(hasDirectories ? [{ text: path(view.directory) }] : []),
    ],
    notes: notes(view, style),
  })
  return sessions.length === 0 ? [] : tableWithNotes(columns(hasDirectories), sessions.map(row), room)
}
