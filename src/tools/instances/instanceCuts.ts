/** What list_instances leaves out if the fleet is too large for one answer. Its pages list the instances, then the problems. */
import { Struct } from "effect"
import { plural } from "../../text/plural.ts"
import type { Cut } from "../shared/answerSize.ts"
import { nextPage, type PageFields } from "../shared/page.ts"
import type { FleetView, InstanceView } from "./instanceSchemas.ts"

/** The page that begins after `offset` instances and problems. */
export const instancePage = (
  matching: number,
  problems: number,
  offset: number,
  shown: number,
  shownProblems: number,
): PageFields => {
  const instances = Math.max(0, matching - offset - shown)
  const others = Math.max(0, problems - Math.max(0, offset - matching) - shownProblems)
  const next =
    instances > 0
      ? nextPage("list_instances", "instance", offset + shown, instances)
      : nextPage("list_instances", "problem", Math.max(offset, matching) + shownProblems, others)
  return {
    ...(offset === 0 ? {} : { offset }),
    ...(instances === 0 ? {} : { more_count: instances }),
    ...(next === ""
      ? {}
      : { next: instances > 0 && others > 0 ? `${next} ${plural(others, "more problem")} after them.` : next }),
  }
}

const brief: (view: InstanceView) => InstanceView = Struct.omit(["last_active", "last_session_title", "latency_ms"])

/** That nothing waits is seen from its activity. */
const briefest = ({ waiting_for_count: waiting, ...view }: InstanceView): InstanceView => {
  const rest = Struct.omit(view, ["api", "version"])
  return waiting === undefined || (waiting === 0 && view.activity !== undefined)
    ? rest
    : { ...rest, waiting_for_count: waiting }
}

/** Only the first `count` instances keep the details that the others can do without. */
const withDetails =
  (without: (view: InstanceView) => InstanceView) =>
  (view: FleetView, count: number): FleetView => ({
    ...view,
    instances: view.instances.map((instance, index) => (index < count ? instance : without(instance))),
    has_brief_instances: true,
  })

const shortened = (view: FleetView, instances: number, problems: number): FleetView => ({
  ...view,
  instances: view.instances.slice(0, instances),
  problems: view.problems.slice(0, problems),
  ...instancePage(view.matching_count, view.problem_count, view.offset ?? 0, instances, problems),
})

export const instanceCuts: ReadonlyArray<Cut<FleetView>> = [
  {
    size: ({ problems }) => problems.length,
    most: 20,
    least: 3,
    keep: (view, count) => shortened(view, view.instances.length, count),
  },
  { size: ({ instances }) => instances.length, keep: withDetails(brief) },
  { size: ({ instances }) => instances.length, keep: withDetails(briefest) },
  {
    size: ({ instances }) => instances.length,
    least: 1,
    keep: (view, count) => shortened(view, count, view.problems.length),
  },
]
