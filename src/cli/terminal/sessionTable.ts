/** The sessions of an instance as a table, those of subagents indented below the one that they work for. */
import type { SessionsView, SessionView } from "../../tools/sessions/sessionSchemas.ts"
import type { Style } from "./style.ts"
import { type Cell, type Column, table } from "./table.ts"

const columns: ReadonlyArray<Column> = [
  { title: "ID" },
  { title: "TITLE", least: 12 },
  { title: "STATUS" },
  { title: "MESSAGES", spare: true },
  { title: "UPDATED", spare: true },
  { title: "NOTE", least: 12 },
]

const statusStyle = (style: Style, status: SessionView["status"]) =>
  status === "busy" ? style.good : status === "idle" ? style.faint : style.warning

/** How many of the sessions that are shown it works for, one through the other. */
const depth = (parents: ReadonlyMap<string, string | undefined>, { parent_id }: SessionView): number => {
  const above = new Set<string>()
  for (let id = parent_id; id !== undefined && parents.has(id) && !above.has(id); id = parents.get(id)) above.add(id)
  return above.size
}

/** Nothing where there is no session. */
export const sessionTable = ({ sessions }: SessionsView, style: Style, room: number): ReadonlyArray<string> => {
  const parents = new Map(sessions.map(({ id, parent_id }) => [id, parent_id]))
  const row = (view: SessionView): ReadonlyArray<Cell> => [
    { text: view.id, indent: 2 * depth(parents, view) },
    { text: view.title },
    { text: view.status, style: statusStyle(style, view.status) },
    { text: view.messages === undefined ? "?" : `${view.messages}${view.more_messages === true ? "+" : ""}` },
    { text: view.age },
    { text: view.detail ?? "" },
  ]
  return sessions.length === 0 ? [] : table(columns, sessions.map(row), room)
}
