/** The fleet as a table, and its problems as lines. */
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"
import { elapsed } from "../../tools/shared/time.ts"
import { cutPath } from "../../text/cells.ts"
import { line } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import type { ShowPath } from "./homePath.ts"
import type { Style } from "./style.ts"
import { type Cell, type Column, type Note, type Row, tableRows, type TableRows, tableWithNotes } from "./table.ts"

const columns: ReadonlyArray<Column> = [
  { title: "NAME" },
  { title: "STATUS" },
  { title: "LAST SESSION", minWidth: 20, priority: 1 },
  { title: "LAST ACTIVE", priority: 2 },
  { title: "DIRECTORY", minWidth: 16, priority: 3, cut: cutPath },
  { title: "HOST", minWidth: 8, priority: 4 },
  { title: "FOUND BY", priority: 5 },
  { title: "VERSION", priority: 6 },
  { title: "URL", priority: 7 },
]

/** What an online instance does, with the number of active sessions if there are several; otherwise its health. */
const status = ({ active_count: active = 0, activity, health }: InstanceView, style: Style): Cell => {
  switch (health) {
    case "online": {
      const text = `${activity ?? health}${active > 1 ? ` (${active})` : ""}`
      return activity === undefined ? { text } : { text, style: activityStyle(style)[activity] }
    }
    case "unreachable":
    case "timeout":
      return { text: health, style: style.bad }
    default:
      return { text: health, style: style.warning }
  }
}

const activityStyle = (style: Style) => ({ waiting: style.warning, busy: style.good, idle: style.faint }) as const

interface FleetTableOptions {
  readonly style: Style
  readonly path: ShowPath
  /** The width of the terminal. */
  readonly room: number
  /** The name of the instance that is marked. */
  readonly selected?: string | undefined
  /** Maximum number of lines of a note that no agent waits for. Default: 2. */
  readonly maxNoteLines?: number
}

/** For an online instance its pending requests, or why they are unknown; otherwise when it was last seen and why it is down. */
const notes = (
  view: InstanceView,
  { maxNoteLines = 2, style }: FleetTableOptions,
  now: string,
): ReadonlyArray<Note> => {
  const { health, last_seen, reason = "", waiting_for: waiting = [], waiting_for_count: count = 0 } = view
  if (health !== "online") {
    const seen = last_seen === undefined ? "not seen yet" : `last seen ${elapsed(now, last_seen)}`
    return [{ text: `${seen}: ${reason}`, maxLines: maxNoteLines }]
  }
  const requests = [
    ...waiting.map(({ about, session_title: title }) => `${about}${title === undefined ? "" : ` (${title})`}`),
    ...(count > waiting.length ? [`and ${count - waiting.length} more`] : []),
  ]
  const unknown = view.waiting_for_checked === undefined ? undefined : view.waiting_for_unknown
  return [
    ...requests.map((text) => ({ text, style: style.warning })),
    ...[unknown, view.version_note].flatMap((text) => (text === undefined ? [] : [{ text, maxLines: maxNoteLines }])),
  ]
}

/** An opencode 2 serves several directories: the first of its projects, and the number of the others. */
const directory = (
  { directory, host, project_count = 0, projects: [first] = [] }: InstanceView,
  path: ShowPath,
): string => {
  if (first === undefined) return path(directory ?? "", host)
  const shown = path(first.directory, host)
  return project_count === 1 ? shown : `${shown} and ${project_count - 1} more`
}

/** Stands before the selected instance. */
const selectionMark = "❯ "

const nameCell = ({ name }: InstanceView, selected: string | undefined): Cell => {
  if (selected === undefined) return { text: name }
  return { text: name, indent: selectionMark.length, ...(name === selected ? { mark: selectionMark } : {}) }
}

const row =
  (options: FleetTableOptions, now: string) =>
  (view: InstanceView): Row => ({
    cells: [
      nameCell(view, options.selected),
      status(view, options.style),
      { text: view.last_session_title ?? "" },
      { text: view.last_active === undefined ? "" : elapsed(now, view.last_active) },
      { text: directory(view, options.path) },
      { text: view.host ?? "" },
      { text: view.transports.join(", ") },
      { text: view.version ?? view.api?.toString() ?? "" },
      { text: view.url ?? "" },
    ],
    notes: notes(view, options, now),
  })

/** The lines of each instance. */
export const fleetRows = ({ as_of, instances }: FleetView, options: FleetTableOptions): TableRows =>
  tableRows(columns, instances.map(row(options, as_of)), options.room)

/** Empty if there is no instance. */
export const fleetTable = (
  { as_of, instances }: FleetView,
  style: Style,
  path: ShowPath,
  room: number,
): ReadonlyArray<string> =>
  instances.length === 0 ? [] : tableWithNotes(columns, instances.map(row({ style, path, room }, as_of)), room)

/** Maximum number of problems below the table. */
const maxProblems = 20

/** The problems, and a hint for an empty fleet. */
export const fleetProblems = ({ hint, problem_count, problems }: FleetView): ReadonlyArray<string> => {
  const shown = Math.min(problems.length, maxProblems)
  return [
    ...(hint === undefined ? [] : [hint]),
    ...problems.slice(0, maxProblems).map(({ reason, source }) => `problem: ${line(source)} ${line(reason)}`),
    ...(problem_count > shown ? [`and ${plural(problem_count - shown, "more problem")}`] : []),
  ]
}
