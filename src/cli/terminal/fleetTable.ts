/** The fleet as a table, and its problems as lines. */
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"
import { elapsed } from "../../tools/shared/time.ts"
import { line } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import type { Style } from "./style.ts"
import { type Cell, type Column, table } from "./table.ts"

const columns: ReadonlyArray<Column> = [
  { title: "NAME" },
  { title: "HEALTH" },
  { title: "VERSION", optional: true },
  { title: "DIRECTORY", minWidth: 12 },
  { title: "HOST", minWidth: 8, optional: true },
  { title: "URL", optional: true },
  { title: "FOUND BY", optional: true },
  { title: "NOTE", minWidth: 22 },
]

const healthStyle = (style: Style, health: InstanceView["health"]) =>
  health === "online" ? style.good : health === "unreachable" || health === "timeout" ? style.bad : style.warning

/** For an online instance its pending requests, or why they are unknown; otherwise when it was last seen and why it is down. */
const note = (view: InstanceView, style: Style, now: string): Cell => {
  const { health, last_seen, reason = "", waiting_for: [first] = [], waiting_for_count: count = 0 } = view
  if (health !== "online") {
    return { text: `${last_seen === undefined ? "not seen yet" : `last seen ${elapsed(now, last_seen)}`}: ${reason}` }
  }
  if (count > 0) {
    const others = count === 1 ? "" : ` (and ${count - 1} more)`
    return { text: `waiting for a person${others}: ${first?.about ?? ""}`, style: style.warning }
  }
  return { text: view.version_note ?? (view.waiting_for_checked === undefined ? "" : (view.waiting_for_unknown ?? "")) }
}

/** An opencode 2 serves several directories: the first of its projects, and the number of the others. */
const directory = ({ directory, project_count = 0, projects: [first] = [] }: InstanceView): string => {
  if (first === undefined) return directory ?? ""
  return project_count === 1 ? first.directory : `${first.directory} and ${project_count - 1} more`
}

const row =
  (style: Style, now: string) =>
  (view: InstanceView): ReadonlyArray<Cell> => [
    { text: view.name },
    { text: view.health, style: healthStyle(style, view.health) },
    { text: view.version ?? view.api?.toString() ?? "" },
    { text: directory(view) },
    { text: view.host ?? "" },
    { text: view.url ?? "" },
    { text: view.transports.join(", ") },
    note(view, style, now),
  ]

/** Empty if there is no instance. */
export const fleetTable = ({ as_of, instances }: FleetView, style: Style, room: number): ReadonlyArray<string> =>
  instances.length === 0 ? [] : table(columns, instances.map(row(style, as_of)), room)

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
