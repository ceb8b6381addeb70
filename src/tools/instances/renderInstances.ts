/** Renders the answer of list_instances and refresh_instances as Markdown. */
import { clip } from "../../text/plainText.ts"
import type { FleetView, InstanceView } from "./instanceSchemas.ts"
import { answerBudget, code, paragraphs, plural } from "../shared/markdown.ts"

type Waiting = NonNullable<InstanceView["waiting"]>[number]

const request = ({ about, id, session_id, title }: Waiting): string =>
  `${code(about)} · ${code(id)} (session ${title === undefined ? "" : `${code(title)} · `}${code(session_id)})`

/** Pending requests of an instance. Empty if there are none, or if the instance has not been checked yet. */
const waiting = ({ waiting = [], waiting_asked, waiting_count = 0, waiting_unknown }: InstanceView): string => {
  if (waiting_asked === undefined) return ""
  if (waiting_unknown !== undefined) {
    return `\n  Pending requests are unknown, as of ${waiting_asked}: ${code(waiting_unknown)}`
  }
  if (waiting_count === 0) return ""
  const more = waiting_count > waiting.length ? `; and ${waiting_count - waiting.length} more` : ""
  return `\n  **waits for a person**, as of ${waiting_asked}: ${waiting.map(request).join("; ")}${more}`
}

type Project = NonNullable<InstanceView["projects"]>[number]

const project = ({ active, directory }: Project) => `${code(directory)}${active === 0 ? "" : ` (${active} active)`}`

/** The projects of an opencode 2. Empty if they are unknown. */
const projects = ({ project_count = 0, projects }: InstanceView): string => {
  if (projects === undefined) return ""
  if (project_count === 0) return "\n  Projects: none yet"
  const more = project_count > projects.length ? `; and ${project_count - projects.length} more` : ""
  return `\n  Projects: ${projects.map(project).join(", ")}${more}`
}

const instance = (view: InstanceView): string => {
  const facts = [
    view.version === undefined && view.api === undefined ? "" : `opencode ${code(view.version ?? String(view.api))}`,
    view.latency_ms === undefined ? "" : `${view.latency_ms} ms`,
    view.host === "" ? "" : `host ${code(view.host)}`,
    view.url,
    view.directory === undefined ? "" : `directory ${code(clip(view.directory, 300))}`,
    view.transports.join(", "),
    view.health === "online" ? "" : `last seen ${view.age ?? "never"}`,
  ].filter((fact) => fact !== "")
  return (
    [`- ${code(view.name)}: **${view.health}**`, ...facts].join(" · ") +
    [view.reason, view.version_note ?? ""].map((text) => (text === "" ? "" : `\n  ${code(text)}`)).join("") +
    projects(view) +
    waiting(view)
  )
}

const problem = ({ reason, source }: FleetView["problems"][number]) => `- ${code(source)} ${code(reason)}`

/** One transport: `local-relay found 2 in 3 ms, 5 s ago`. */
const transport = ({ found, problem_count, scanned, took_ms, transport }: FleetView["transports"][number]) =>
  `${transport} found ${found} in ${took_ms} ms, ${scanned}${problem_count === 0 ? "" : ` (${plural(problem_count, "problem")})`}`

/** Pending requests of the whole fleet, as of the last refresh. */
const fleetWaiting = ({ counts, waiting, waiting_unknown: unknown }: FleetView): string => {
  if (waiting > 0) return ` **${waiting} ${waiting === 1 ? "waits" : "wait"} for a person.**${fleetUnknown(unknown)}`
  return unknown > 0 ? fleetUnknown(unknown) : (counts["online"] ?? 0) > 0 ? " Nothing waits for a person." : ""
}

const fleetUnknown = (unknown: number) =>
  unknown === 0
    ? ""
    : ` ${plural(unknown, "instance")} ${unknown === 1 ? "has" : "have"} not been checked for pending requests yet.`

export const renderFleet = (fleet: FleetView): string => {
  const total = Object.values(fleet.counts).reduce((sum, count) => sum + count, 0)
  const states = Object.entries(fleet.counts).map(([state, count]) => `${count} ${state}`)
  const shown = fleet.instances.length
  return clip(
    paragraphs(
      `${plural(total, "instance")}${states.length === 0 ? "" : ` (${states.join(", ")})`}, as of ${fleet.refreshed}.${
        shown < fleet.matching || fleet.matching < total
          ? ` ${fleet.matching} match, ${shown} shown${shown < fleet.matching ? "; use search to narrow the list, limit to show more" : ""}.`
          : ""
      }${fleetWaiting(fleet)}`,
      fleet.instances.map(instance).join("\n"),
      fleet.transports.length === 0 ? "" : `Scanned: ${fleet.transports.map(transport).join("; ")}.`,
      fleet.hint ?? (fleet.matching === 0 ? "No instance matches the search." : ""),
      fleet.problem_count === 0
        ? ""
        : [
            `${plural(fleet.problem_count, "problem")}:`,
            ...fleet.problems.map(problem),
            ...(fleet.problem_count > fleet.problems.length
              ? [`- and ${fleet.problem_count - fleet.problems.length} more`]
              : []),
          ].join("\n"),
    ),
    answerBudget,
  )
}
