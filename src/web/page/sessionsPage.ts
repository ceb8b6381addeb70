/** The sessions of one instance, so that a person can read how a turn ended. */
import { visibleLine } from "../../text/visible.ts"
import type { SessionsView, SessionView } from "../../tools/sessions/sessionSchemas.ts"
import { elapsed } from "../../tools/shared/time.ts"
import { type Content, html } from "./html.ts"
import { conversation, home } from "./paths.ts"

const dotOf = ({ status }: SessionView): string => {
  if (status === "waiting" || status === "busy" || status === "retry") return status
  return ""
}

const row =
  ({ as_of, instance }: SessionsView) =>
  (session: SessionView): Content =>
    html`<li class="row">
      <i class="dot ${dotOf(session)}"></i>
      <div>
        <h3><a href="${conversation(instance, session.session_id)}#end">${session.title || session.session_id}</a></h3>
        <p class="small soft">
          ${[
            session.status === "waiting" ? "waiting for you" : session.status,
            session.detail,
            elapsed(as_of, session.updated),
          ]
            .filter((fact) => fact !== undefined)
            .join(" · ")}
        </p>
        <p class="path">${session.directory}</p>
      </div>
    </li>`

const elsewhere = ({ listed_at = [] }: SessionsView): Content =>
  listed_at.length > 0 &&
  html`<p class="soft small">
    Instances that share its sessions list the others:
    ${listed_at.map(({ instance, session_count }) => `${instance} ${session_count}`).join(", ")}
  </p>`

export const sessionsContent = (view: SessionsView): Content => {
  const listed = new Set(view.sessions.map(({ session_id }) => session_id))
  // A subagent whose own parent is not listed, because it was deleted, stands for itself.
  const sessions = view.sessions.filter(({ parent_session_id: parent }) => parent === undefined || !listed.has(parent))
  const more = view.matching_count - sessions.length
  return html`<p class="crumbs"><a href="${home}">← Fleet</a></p>
    <h1>${visibleLine(view.instance)}</h1>
    <h2>Sessions</h2>
    ${
      sessions.length === 0
        ? html`<p class="card empty">No sessions yet.</p>`
        : html`<ul class="card list">
            ${sessions.map(row(view))}
          </ul>`
    }
    <div class="facts">
      ${more > 0 && html`<p class="soft small">${more} older sessions are not shown.</p>`} ${elsewhere(view)}
      ${view.unreadable !== undefined && html`<p class="error">${view.unreadable}</p>`}
    </div>`
}
