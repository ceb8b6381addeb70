/** The fleet as a table, and in lines below it what is wrong. */
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"
import { line } from "../../text/plainText.ts"
import type { Style } from "./style.ts"
import { type Cell, type Column, table } from "./table.ts"

const columns: ReadonlyArray<Column> = [
  { title: "NAME" },
  { title: "HEALTH" },
  { title: "VERSION", spare: true },
  { title: "DIRECTORY", least: 12 },
  { title: "HOST", least: 8, spare: true },
  { title: "URL", spare: true },
  { title: "FOUND BY", spare: true },
  { title: "NOTE", least: 20 },
]

const healthStyle = (style: Style, health: InstanceView["health"]) =>
  health === "online" ? style.good : health === "unreachable" || health === "timeout" ? style.bad : style.warning

/** What waits for a person there, or why nobody can say; of one that is not online, since when and why. */
const note = (view: InstanceView, style: Style): Cell => {
  const { age, health, reason, waiting = [], waiting_asked, waiting_count = 0, waiting_unknown } = view
  if (health !== "online") return { text: `${age === undefined ? "not seen yet" : `last seen ${age}`}: ${reason}` }
  if (waiting_count > 0) {
    const [first] = waiting
    const others = waiting_count === 1 ? "" : ` (and ${waiting_count - 1} more)`
    return { text: `waits for a person${others}: ${first?.about ?? ""}`, style: style.warning }
  }
  return { text: waiting_asked === undefined ? "" : (waiting_unknown ?? "") }
}

const row =
  (style: Style) =>
  (view: InstanceView): ReadonlyArray<Cell> => [
    { text: view.name },
    { text: view.health, style: healthStyle(style, view.health) },
    { text: view.version ?? "" },
    { text: view.directory ?? "" },
    { text: view.host },
    { text: view.url },
    { text: view.transports.join(", ") },
    note(view, style),
  ]

/** Nothing where there is no instance. */
export const fleetTable = ({ instances }: FleetView, style: Style, room: number): ReadonlyArray<string> =>
  instances.length === 0 ? [] : table(columns, instances.map(row(style)), room)

/** What could not be used, and what to do where there is nothing. */
export const fleetProblems = ({ hint, problem_count, problems }: FleetView): ReadonlyArray<string> => [
  ...(hint === undefined ? [] : [hint]),
  ...problems.map(({ reason, source }) => `problem: ${line(source)} ${line(reason)}`),
  ...(problem_count > problems.length ? [`and ${problem_count - problems.length} more problems`] : []),
]
