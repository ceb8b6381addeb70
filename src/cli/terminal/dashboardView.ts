/** The lines of the dashboard: the instances that the filter leaves, and below them what the keys do. */
import { cut } from "../../text/cells.ts"
import { plainLine } from "../../text/plainText.ts"
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"
import { type DashboardState, selectedOf, shownInstances } from "./dashboard.ts"
import { fleetProblems, fleetTable, selectionMark } from "./fleetTable.ts"
import type { ShowPath } from "./homePath.ts"
import type { Style } from "./style.ts"
import { wrap } from "./wrap.ts"

export interface DashboardRoom {
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

/** The lines that fit, with the number of the others. */
const fitLines = (lines: ReadonlyArray<string>, rows: number): ReadonlyArray<string> =>
  lines.length <= rows || rows < 2
    ? lines.slice(0, Math.max(1, rows))
    : [...lines.slice(0, rows - 1), `… and ${lines.length - (rows - 1)} more lines`]

/** The table, without as many of its first instances as hide the selected one. */
const tableAround = (fleet: FleetView, name: string | undefined, { columns, path, rows, style }: DashboardRoom) => {
  for (let first = 0; ; first++) {
    const instances = fleet.instances.slice(first)
    const lines = fleetTable({ ...fleet, instances }, style, path, columns, name)
    const index = lines.findIndex((line) => line.startsWith(selectionMark))
    if (index < rows - 2 || instances[0]?.name === name || instances.length < 2) return lines
  }
}

export const dashboardLines = (fleet: FleetView, state: DashboardState, room: DashboardRoom): ReadonlyArray<string> => {
  const { columns, rows, style } = room
  const instances = shownInstances(fleet, state)
  const selected = selectedOf(instances, state)
  // The cursor stands in a line of its own.
  const height = rows - 2
  const shown = { ...fleet, instances }
  const body = [
    ...tableAround(shown, selected?.name, { ...room, rows: height }),
    ...(instances.length === 0 && fleet.instances.length > 0 ? ["No instance matches the filter."] : []),
    ...fleetProblems(fleet).flatMap((line) => wrap(line, columns)),
  ]
  return [...fitLines(body, height), style.faint(cut(help(state, selected), columns))]
}
