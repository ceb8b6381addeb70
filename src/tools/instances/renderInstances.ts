/** Renders the answer of list_instances and refresh_instances as Markdown. */
import { clip } from "../../text/clip.ts"
import { plural } from "../../text/plural.ts"
import type { FleetView, InstanceView } from "./instanceSchemas.ts"
import { code, paragraphs } from "../shared/markdown.ts"
import { elapsed } from "../shared/time.ts"

type Waiting = NonNullable<InstanceView["waiting_for"]>[number]

const request = ({ about, id, session_id, session_title: title }: Waiting): string =>
  `${code(about)} · ${code(id)} (session ${title === undefined ? "" : `${code(title)} · `}${code(session_id)})`

/** Pending requests of an instance. Empty if there are none, or if the instance has not been checked yet. */
const waiting = (
  {
    waiting_for: waiting = [],
    waiting_for_checked: checked,
    waiting_for_count: count = 0,
    waiting_for_unknown: unknown,
  }: InstanceView,
  now: string,
): string => {
  if (checked === undefined) return ""
  const missing =
    unknown === undefined ? "" : `\n  Pending requests are unknown, as of ${elapsed(now, checked)}: ${code(unknown)}`
  if (count === 0) return missing
  const more = count > waiting.length ? `; and ${count - waiting.length} more` : ""
  return `\n  **waits for a person**, as of ${elapsed(now, checked)}: ${waiting.map(request).join("; ")}${more}${missing}`
}

/** What the instance does, and its last activity. Empty if both are unknown. */
const activity = (
  { activity, active_count: active = 0, last_active: last, last_session_title: title = "" }: InstanceView,
  now: string,
): ReadonlyArray<string> => [
  activity === undefined ? "" : `**${activity}**${active > 1 ? ` (${active} sessions active)` : ""}`,
  last === undefined ? "" : `last active ${elapsed(now, last)}${title === "" ? "" : `: ${code(title)}`}`,
]

type Project = NonNullable<InstanceView["projects"]>[number]

const project = ({ active_count, directory }: Project) =>
  `${code(directory)}${active_count === 0 ? "" : ` (${active_count} active)`}`

/** The projects of an opencode 2. Empty if they are unknown. */
const projects = ({ project_count = 0, projects }: InstanceView): string => {
  if (projects === undefined) return ""
  if (project_count === 0) return "\n  Projects: none yet"
  const more = project_count > projects.length ? `; and ${project_count - projects.length} more` : ""
  return `\n  Projects: ${projects.map(project).join(", ")}${more}`
}

const instance =
  (now: string) =>
  (view: InstanceView): string => {
    const facts = [
      ...activity(view, now),
      view.version === undefined && view.api === undefined ? "" : `opencode ${code(view.version ?? String(view.api))}`,
      view.latency_ms === undefined ? "" : `${view.latency_ms} ms`,
      view.host === undefined ? "" : `host ${code(view.host)}`,
      view.url ?? "",
      view.directory === undefined ? "" : `directory ${code(clip(view.directory, 300))}`,
      view.transports.join(", "),
      view.health === "online"
        ? ""
        : `last seen ${view.last_seen === undefined ? "never" : elapsed(now, view.last_seen)}`,
    ].filter((fact) => fact !== "")
    return (
      [`- ${code(view.name)}: **${view.health}**`, ...facts].join(" · ") +
      [view.reason ?? "", view.version_note ?? ""].map((text) => (text === "" ? "" : `\n  ${code(text)}`)).join("") +
      projects(view) +
      waiting(view, now)
    )
  }

const problem = ({ reason, source }: FleetView["problems"][number]) => `- ${code(source)} ${code(reason)}`

/** One transport: `local-relay found 2 in 3 ms, 5 s ago`. */
const transport =
  (now: string) =>
  ({ duration_ms, found_count, problem_count, scanned, transport }: FleetView["transports"][number]) =>
    `${transport} found ${found_count} in ${duration_ms} ms, ${elapsed(now, scanned)}${problem_count === 0 ? "" : ` (${plural(problem_count, "problem")})`}`

/** Pending requests of the whole fleet, as of the last refresh. */
const fleetWaiting = ({
  busy_instance_count: busy,
  health_counts: counts,
  instances,
  unchecked_instance_count: unknown,
  waiting_instance_count: waiting,
}: FleetView): string => {
  const uncertain = fleetUnknown(
    unknown,
    instances.some(({ waiting_for_unknown: reason }) => reason !== undefined),
  )
  const working = busy === 0 ? "" : ` ${busy}${waiting > 0 ? " more" : ""} ${busy === 1 ? "is" : "are"} busy.`
  if (waiting > 0) return ` **${waiting} ${waiting === 1 ? "waits" : "wait"} for a person.**${working}${uncertain}`
  return unknown > 0 ? working + uncertain : (counts["online"] ?? 0) > 0 ? ` Nothing waits for a person.${working}` : ""
}

/** An instance that was checked may still have requests that could not be read or understood. */
const fleetUnknown = (unknown: number, wereChecked: boolean) => {
  if (unknown === 0) return ""
  return wereChecked
    ? ` It is unknown whether ${plural(unknown, "instance")} ${unknown === 1 ? "waits" : "wait"} for a person.`
    : ` ${plural(unknown, "instance")} ${unknown === 1 ? "has" : "have"} not been checked for pending requests yet.`
}

export const renderFleet = (fleet: FleetView): string => {
  const total = Object.values(fleet.health_counts).reduce((sum, count) => sum + count, 0)
  const states = Object.entries(fleet.health_counts).map(([state, count]) => `${count} ${state}`)
  const shown = fleet.instances.length
  return paragraphs(
    `${plural(total, "instance")}${states.length === 0 ? "" : ` (${states.join(", ")})`}, as of ${fleet.refreshed}.${
      shown < fleet.matching_count || fleet.matching_count < total
        ? ` ${fleet.matching_count} match, ${shown} shown${shown < fleet.matching_count ? "" : ""}.`
        : ""
    }${fleetWaiting(fleet)}`,
    fleet.instances.map(instance(fleet.as_of)).join("\n"),
    fleet.transports.length === 0 ? "" : `Scanned: ${fleet.transports.map(transport(fleet.as_of)).join("; ")}.`,
    fleet.has_brief_instances === true
      ? "The last activity of some instances is left out, and maybe their version; a search or a smaller limit shows it."
      : "",
    fleet.next ?? "",
    fleet.hint ?? (fleet.matching_count === 0 ? "No instance matches the search." : ""),
    fleet.problem_count === 0
      ? ""
      : [
          `${plural(fleet.problem_count, "problem")}:`,
          ...fleet.problems.map(problem),
          ...(fleet.problem_count > fleet.problems.length
            ? [`- and ${fleet.problem_count - fleet.problems.length} more`]
            : []),
        ].join("\n"),
  )
}
