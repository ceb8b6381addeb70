/** The fleet: what waits for a person, which sessions are busy, and the instances. */
import { line } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import { visibleLine } from "../../text/visible.ts"
import type { FleetView, InstanceView } from "../../tools/instances/instanceSchemas.ts"
import { elapsed, iso } from "../../tools/shared/time.ts"
import { type Content, html } from "./html.ts"
import { conversation, instance } from "./paths.ts"
import { requestCard } from "./requestCard.ts"
import type { LedgerEntry } from "./RequestLedger.ts"
import type { Work, WorkingSession } from "./readWork.ts"

/** The most urgent ones come first. */
export const instancesShown = 100

export interface Home {
  readonly fleet: FleetView
  readonly work: Work
  readonly entries: ReadonlyArray<LedgerEntry>
  /** Undefined if the visitor may not decide. */
  readonly formKey: string | undefined
}

const openCount = ({ entries }: Home) => entries.filter(({ settled }) => settled === undefined).length

/** With the number of what waits, because a tab shows nothing else. */
export const homeTitle = (view: Home): string => {
  const open = openCount(view)
  return open === 0 ? "opencode-fleet" : `(${open}) opencode-fleet`
}

/** A subagent's session is part of the one that it works for. */
const activeSessions = ({ work }: Home): ReadonlyArray<WorkingSession> => {
  const started = work.sessions.filter(({ session }) => session.parentID === undefined)
  return started.length > 0 ? started : work.sessions
}

const counts = (view: Home): Content => {
  const open = openCount(view)
  const { health_counts, unchecked_instance_count: unchecked } = view.fleet
  const { online = 0, ...others } = health_counts
  const down = Object.values(others).reduce((sum, count) => sum + count, 0)
  const busy = activeSessions(view).filter(({ waiting }) => waiting === 0).length
  return html`<div class="counts" role="status">
    ${open > 0 && html`<span class="chip waiting"><i class="dot waiting"></i>${open} waiting for you</span>`}
    ${busy > 0 && html`<span class="chip busy"><i class="dot busy"></i>${plural(busy, "session")} busy</span>`}
    <span class="chip"><i class="dot ${online > 0 ? "online" : "none"}"></i>${plural(online, "instance")} online</span>
    ${down > 0 && html`<span class="chip bad"><i class="dot down"></i>${down} not online</span>`}
    ${unchecked > 0 && html`<span class="chip">${unchecked} not checked</span>`}
  </div>`
}

const statusText = ({ status, waiting }: WorkingSession): string => {
  if (waiting > 0) return "waiting for you"
  return status.type === "retry"
    ? `retrying: attempt ${status.attempt} failed: ${line(status.message, 200)}`
    : status.type
}

const sessionRow =
  (now: string) =>
  (working: WorkingSession): Content => {
    const { session, status, waiting } = working
    return html`<li class="row">
      <i class="dot ${waiting > 0 ? "waiting" : status.type}"></i>
      <div>
        <h3>
          <a href="${conversation(working.instance, session.id)}#end">${visibleLine(session.title) || session.id}</a>
        </h3>
        <p class="small soft">
          ${working.instance} · ${statusText(working)} · ${elapsed(now, iso(session.time.updated))}
        </p>
        <p class="path">${visibleLine(session.directory)}</p>
      </div>
    </li>`
  }

const sessions = (view: Home): Content => {
  const shown = activeSessions(view)
  return (
    shown.length > 0 &&
    html`<h2>Active sessions</h2>
      <ul class="card list">
        ${shown.map(sessionRow(view.fleet.as_of))}
      </ul>`
  )
}

const dotOf = ({ activity, health }: InstanceView): string => {
  if (health !== "online") return "down"
  return activity === undefined || activity === "idle" ? "online" : activity
}

const instanceFacts = (view: InstanceView, now: string): string =>
  [
    view.health === "online" ? (view.activity ?? "online") : view.health,
    view.last_session_title === undefined ? "" : `“${view.last_session_title}”`,
    view.last_active === undefined ? "" : elapsed(now, view.last_active),
    view.health !== "online" && view.last_seen !== undefined ? `last seen ${elapsed(now, view.last_seen)}` : "",
  ]
    .filter((text) => text !== "")
    .join(" · ")

const places = ({ directory, project_count = 0, projects = [] }: InstanceView): string =>
  projects.length === 0
    ? (directory ?? "")
    : `${projects
        .slice(0, 3)
        .map((project) => project.directory)
        .join(", ")}${project_count > 3 ? ` and ${project_count - 3} more` : ""}`

const instanceRow =
  (now: string) =>
  (view: InstanceView): Content =>
    html`<li class="row">
      <i class="dot ${dotOf(view)}"></i>
      <div>
        <h3>${view.health === "online" ? html`<a href="${instance(view.name)}">${view.name}</a>` : view.name}</h3>
        <p class="small soft">${instanceFacts(view, now)}</p>
        <p class="path">${places(view)}</p>
        ${view.reason !== undefined && html`<p class="small">${line(view.reason, 500)}</p>`}
        ${
          view.health === "online" &&
          view.waiting_for_unknown !== undefined &&
          html`<p class="small soft">Whether something waits is unknown: ${line(view.waiting_for_unknown, 300)}</p>`
        }
        <p class="small soft">
          ${[view.host, view.version === undefined ? undefined : `opencode ${view.version}`]
            .filter((fact) => fact !== undefined)
            .join(" · ")}
        </p>
      </div>
    </li>`

const moreInstances = ({ instances, matching_count }: FleetView): Content =>
  matching_count > instances.length &&
  html`<li class="problem soft">
    ${plural(matching_count - instances.length, "more instance")}: <code>opencode-fleet instances</code>
  </li>`

const problems = ({ fleet, work }: Home): Content => {
  const all = [
    ...work.problems,
    ...fleet.problems.map(({ reason, source }) => `${line(source, 200)} ${line(reason, 500)}`),
  ]
  return (
    all.length > 0 &&
    html`<h2>${plural(all.length, "problem")}</h2>
      <ul class="card list">
        ${all.map((text) => html`<li class="problem">${text}</li>`)}
      </ul>`
  )
}

export const homeContent = (view: Home): Content => {
  const { entries, fleet, formKey } = view
  return html`${counts(view)}
    <div class="columns">
      <div>
        <h2>Waiting for you</h2>
        <div class="stack">
          ${entries.map((entry) => requestCard(entry, { formKey, back: "/" }))}
          ${entries.length === 0 && html`<p class="card empty">Nothing waits for you.</p>`}
        </div>
        ${sessions(view)}
      </div>
      <div>
        <h2>Instances</h2>
        ${
          fleet.instances.length === 0
            ? html`<p class="card empty">${fleet.hint ?? "No instance was found."}</p>`
            : html`<ul class="card list">
                ${fleet.instances.map(instanceRow(fleet.as_of))} ${moreInstances(fleet)}
              </ul>`
        }
        ${problems(view)}
      </div>
    </div>`
}
