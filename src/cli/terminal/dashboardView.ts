/** The lines of the dashboard: the instances that the filter leaves, and below them what the keys do. */
import { cut } from "../../text/cells.ts"
import { plainLine } from "../../text/plainText.ts"
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"
import { type DashboardState, selectedOf, shownInstances } from "./dashboard.ts"
import { fitLines } from "./fitLines.ts"
import { fleetProblems, fleetRows } from "./fleetTable.ts"
import type { ShowPath } from "./homePath.ts"
import type { Style } from "./style.ts"
import { visibleRows } from "./visibleRows.ts"
import { wrap } from "./wrap.ts"

interface DashboardRoom {
  readonly style: Style
  readonly path: ShowPath
  readonly columns: number
  readonly rows: number
}

/** The keys that do something now. Those that matter most stand first, because a narrow terminal cuts the line. */
const help = ({ filter, isFiltering }: DashboardState, view: InstanceView | undefined): string => {
  if (isFiltering) return `Filter: ${plainLine(filter)}█  Enter keeps it · Esc clears it`
  const { health, waiting_for: [first] = [] } = view ?? {}
  return [
    "q quit",
    ...(first === undefined ? [] : [first.kind === "permission" ? "a approve" : "a answer", "r reject"]),
    ...(health === "online" ? ["Enter open"] : []),
    "/ filter",
    "↑↓ select",
    "u update",
    ...(filter === "" ? [] : [`filter: ${plainLine(filter)} (Esc clears it)`]),
  ].join(" · ")
}

/** The number of instances that are not shown, and of those that wait for a person, which stand first. */
const hidden = (arrow: string, instances: ReadonlyArray<InstanceView>): ReadonlyArray<string> => {
  if (instances.length === 0) return []
  const waiting = instances.filter(({ activity }) => activity === "waiting").length
  return [`${arrow} ${instances.length} more${waiting === 0 ? "" : `, ${waiting} waiting`}`]
}

/** The table, scrolled until the selected instance is whole. */
const fitTable = (fleet: FleetView, selected: string, { columns, path, rows: height, style }: DashboardRoom) => {
  const { instances } = fleet
  const options = { style, path, room: columns, selected }
  const natural = fleetRows(fleet, options)
  const isWhole = natural.rows.flat().length < height
  const { rows, titles } = isWhole ? natural : fleetRows(fleet, { ...options, maxNoteLines: 1 })
  const { end, start } = visibleRows(
    rows.map((lines) => lines.length),
    instances.findIndex(({ name }) => name === selected),
    height - 1,
  )
  return [
    titles,
    ...hidden("↑", instances.slice(0, start)).map(style.faint),
    ...rows.slice(start, end).flat(),
    ...hidden("↓", instances.slice(end)).map(style.faint),
  ]
}

/** The lines that problems take from a table that needs more. */
const maxProblemLines = 3

export const dashboardLines = (
  fleet: FleetView,
  state: DashboardState,
  window: DashboardRoom,
): ReadonlyArray<string> => {
  const { columns, rows, style } = window
  const instances = shownInstances(fleet, state)
  const selected = selectedOf(instances, state)
  // The cursor stands in a line of its own.
  const height = rows - 2
  const problems = [
    ...(instances.length === 0 && fleet.instances.length > 0 ? ["No instance matches the filter."] : []),
    ...fleetProblems(fleet).flatMap((line) => wrap(line, columns)),
  ]
  const room = { ...window, rows: height - Math.min(problems.length, maxProblemLines) }
  const table = selected === undefined ? [] : fitTable({ ...fleet, instances }, selected.name, room)
  const body = [...table, ...fitLines(problems, height - table.length)]
  return [...fitLines(body, height), style.faint(cut(help(state, selected), columns))]
}
