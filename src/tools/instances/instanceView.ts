/** Builds the view of an instance, with its pending requests and its activity. */
import type { PendingReport, WaitingRequest } from "../../fleet/attention/PendingReport.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { versionNote } from "../../opencode/triedVersions.ts"
import { line } from "../../text/plainText.ts"
import { shortLine } from "../../text/shortLine.ts"
import { healthText } from "./healthText.ts"
import type { InstanceView } from "./instanceSchemas.ts"
import { iso } from "../shared/time.ts"

/** Maximum number of pending requests shown per instance. */
const maxWaiting = 3

const waitingView = ({ about, id, kind, session, title }: WaitingRequest) => ({
  kind,
  id,
  session_id: session,
  about: shortLine(about, 150),
  ...(title === undefined ? {} : { session_title: line(title, 100) }),
})

/** A text that says nothing is left out. */
const present = <Name extends string>(name: Name, text: string): { readonly [Key in Name]?: string } =>
  text === "" ? {} : ({ [name]: text } as { readonly [Key in Name]: string })

/** Unknown if not everything could be read, and what could be read is idle. */
export const activityOf = (report: PendingReport | undefined): InstanceView["activity"] => {
  if (report?.known !== true) return undefined
  if (report.count > 0) return "waiting"
  if (report.active > 0) return "busy"
  return report.broken === undefined && report.notUnderstood === undefined ? "idle" : undefined
}

const activityView = (
  report: PendingReport | undefined,
): Pick<InstanceView, "activity" | "active_count" | "last_active" | "last_session_title"> => {
  if (report?.known !== true) return {}
  const { active, lastSession } = report
  const activity = activityOf(report)
  return {
    ...(activity === undefined ? {} : { activity }),
    ...(active === 0 ? {} : { active_count: active }),
    ...(lastSession === undefined
      ? {}
      : { last_active: iso(lastSession.updated), last_session_title: line(lastSession.title, 100) }),
  }
}

const reportView = (
  report: PendingReport | undefined,
): Pick<InstanceView, "waiting_for" | "waiting_for_checked" | "waiting_for_count" | "waiting_for_unknown"> => {
  if (report === undefined) return { waiting_for_unknown: "not checked yet" }
  const checked = { waiting_for_checked: iso(report.askedAt) }
  if (!report.known) return { ...checked, waiting_for_unknown: report.reason }
  const { broken = [], notUnderstood } = report
  const unknown = [
    ...broken.map(({ directory, reason }) => `in ${line(directory, 200)}: ${line(reason, 300)}`),
    ...(notUnderstood === undefined ? [] : [notUnderstood]),
  ].join("; ")
  if (report.count === 0)
    return unknown === "" ? { waiting_for_count: 0 } : { ...checked, waiting_for_unknown: unknown }
  return {
    ...checked,
    ...present("waiting_for_unknown", unknown),
    waiting_for_count: report.count,
    waiting_for: report.waiting.slice(0, maxWaiting).map(waitingView),
  }
}

/** The projects of an opencode 2, which serves all directories of its user. */
const projectsView = (
  { api }: Instance["health"],
  report: PendingReport | undefined,
): Pick<InstanceView, "projects" | "project_count"> =>
  api !== 2 || report?.known !== true
    ? {}
    : {
        projects: report.projects.map(({ active, directory }) => ({
          directory: line(directory),
          active_count: active,
        })),
        project_count: report.projectCount,
      }

const versionView = ({ version }: Instance["health"]): Pick<InstanceView, "version" | "version_note"> => {
  if (version === undefined) return {}
  const note = versionNote(version)
  return { version, ...(note === undefined ? {} : { version_note: note }) }
}

/**
 * An agent reaches an instance by its name. The address is shown where it explains something: the instance does not answer,
 * or no directory tells which one it is. With `withUrl` it is always shown.
 */
export const instanceView = (
  { health, ...instance }: Instance,
  report: PendingReport | undefined,
  withUrl = false,
): InstanceView => ({
  name: instance.name,
  health: health.state,
  ...(health.state === "online" ? activityView(report) : {}),
  ...present("reason", healthText({ health, ...instance })),
  ...versionView(health),
  ...(health.api === undefined ? {} : { api: health.api }),
  ...(health.latency === undefined ? {} : { latency_ms: health.latency }),
  ...present("host", instance.host),
  ...(instance.unreachable === undefined && (withUrl || health.state !== "online" || instance.directory === undefined)
    ? { url: instance.url }
    : {}),
  ...(instance.directory === undefined ? {} : { directory: instance.directory }),
  ...projectsView(health, report),
  transports: instance.transports,
  ...(health.state === "online"
    ? reportView(report)
    : instance.lastSeen === undefined
      ? {}
      : { last_seen: iso(instance.lastSeen) }),
})
