import { clip } from "../../PlainText.ts"
import type { FleetView, InstanceView } from "../InstanceTools.ts"
import { answerBudget, code, paragraphs, plural } from "./markdown.ts"

const instance = (view: InstanceView): string => {
  const facts = [
    view.version === undefined ? "" : `opencode ${code(view.version)}`,
    view.latency_ms === undefined ? "" : `${view.latency_ms} ms`,
    view.host === "" ? "" : `host ${code(view.host)}`,
    view.url,
    view.directory === undefined ? "" : `directory ${code(clip(view.directory, 300))}`,
    view.transport,
    view.health === "online" ? "" : `last seen ${view.age ?? "never"}`,
  ].filter((fact) => fact !== "")
  return (
    [`- ${code(view.name)}: **${view.health}**`, ...facts].join(" · ") +
    (view.reason === "" ? "" : `\n  ${code(view.reason)}`)
  )
}

const problem = ({ reason, source }: FleetView["problems"][number]) => `- ${code(source)} ${code(reason)}`

export const renderFleet = (fleet: FleetView): string => {
  const total = Object.values(fleet.counts).reduce((sum, count) => sum + count, 0)
  const states = Object.entries(fleet.counts).map(([state, count]) => `${count} ${state}`)
  const shown = fleet.instances.length
  return clip(
    paragraphs(
      `${plural(total, "instance")}${states.length === 0 ? "" : ` (${states.join(", ")})`}, as of ${fleet.refreshed}.${
        shown < fleet.matching || fleet.matching < total
          ? ` ${fleet.matching} match, ${shown} shown${shown < fleet.matching ? "; search narrows it, limit shows more" : ""}.`
          : ""
      }`,
      fleet.instances.map(instance).join("\n"),
      fleet.hint ?? (fleet.matching === 0 ? "None matches the search; without it all are shown." : ""),
      fleet.problem_count === 0
        ? ""
        : [
            `${plural(fleet.problem_count, "problem")} (nothing was changed or deleted):`,
            ...fleet.problems.map(problem),
            ...(fleet.problem_count > fleet.problems.length
              ? [`- and ${fleet.problem_count - fleet.problems.length} more`]
              : []),
          ].join("\n"),
    ),
    answerBudget,
  )
}
