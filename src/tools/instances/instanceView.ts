/** Builds the view of an instance, with its pending requests. */
import type { PendingReport, WaitingRequest } from "../../fleet/attention/PendingReport.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { untriedNote } from "../../opencode/triedVersions.ts"
import { line } from "../../text/plainText.ts"
import { healthText } from "./healthText.ts"
import type { InstanceView } from "./instanceSchemas.ts"
import { age, iso } from "../shared/time.ts"

/** Maximum number of pending requests shown per instance. */
const maxWaiting = 3

const waitingView = ({ about, id, kind, session, title }: WaitingRequest) => ({
  kind,
  id,
  session_id: session,
  about: line(about, 150),
  ...(title === undefined ? {} : { title: line(title, 100) }),
})

const reportView = (
  now: number,
  report: PendingReport | undefined,
): Pick<InstanceView, "waiting" | "waiting_asked" | "waiting_count" | "waiting_unknown"> => {
  if (report === undefined) return { waiting_unknown: "not checked yet" }
  const waiting_asked = age(now, report.askedAt)
  if (!report.known) return { waiting_asked, waiting_unknown: report.reason }
  if (report.count === 0) return { waiting_asked, waiting_count: 0 }
  return { waiting_asked, waiting_count: report.count, waiting: report.waiting.slice(0, maxWaiting).map(waitingView) }
}

/** The projects of an opencode 2, which serves all directories of its user. */
const projectsView = (
  { api }: Instance["health"],
  report: PendingReport | undefined,
): Pick<InstanceView, "projects" | "project_count"> =>
  api !== 2 || report?.known !== true
    ? {}
    : {
        projects: report.projects.map(({ active, directory }) => ({ directory: line(directory), active })),
        project_count: report.projectCount,
      }

const versionView = ({ version }: Instance["health"]): Pick<InstanceView, "version" | "version_note"> => {
  if (version === undefined) return {}
  const note = untriedNote(version)
  return { version, ...(note === undefined ? {} : { version_note: note }) }
}

export const instanceView = (
  now: number,
  { health, ...instance }: Instance,
  report: PendingReport | undefined,
): InstanceView => ({
  name: instance.name,
  health: health.state,
  reason: healthText({ health, ...instance }),
  ...versionView(health),
  ...(health.api === undefined ? {} : { api: health.api }),
  ...(health.latency === undefined ? {} : { latency_ms: health.latency }),
  host: instance.host,
  url: instance.url,
  ...(instance.directory === undefined ? {} : { directory: instance.directory }),
  ...projectsView(health, report),
  transports: instance.transports,
  ...(instance.lastSeen === undefined ? {} : { last_seen: iso(instance.lastSeen), age: age(now, instance.lastSeen) }),
  ...(health.state === "online" ? reportView(now, report) : {}),
})
