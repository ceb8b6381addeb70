/** Builds the view of a session. */
import { line } from "../../text/plainText.ts"
import { type Activity, idle } from "../../opencode/sessions/activity.ts"
import type { MessageCount } from "../../opencode/sessions/MessageCounts.ts"
import { describe, type PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { age, iso } from "../shared/time.ts"
import type { SessionView } from "./sessionSchemas.ts"
import type { WaitingView } from "../requests/requestSchemas.ts"

/** Maximum number of pending requests shown per session. */
const maxWaiting = 5

const waitingView = (pending: PendingRequest): WaitingView => ({
  kind: pending.kind,
  id: pending.request.id,
  session_id: pending.request.sessionID,
  about: line(describe(pending), 200),
})

/** The session's status, with details. */
const activityView = (
  now: number,
  { id }: Session,
  { pending, status }: Activity,
): Pick<SessionView, "status" | "detail" | "waiting_for"> => {
  if (status.type !== "idle" && pending.length > 0) {
    const detail = pending.map((each) => {
      const { sessionID } = each.request
      return sessionID === id ? describe(each) : `subagent ${sessionID} asks: ${describe(each)}`
    })
    return {
      status: "waiting",
      detail: line(detail.join("; "), 500),
      waiting_for: pending.slice(0, maxWaiting).map(waitingView),
    }
  }
  if (status.type === "elsewhere") {
    const server = status.pid === undefined ? "another opencode" : `another opencode (process ${status.pid})`
    return { status: "elsewhere", detail: `${server} of the same user is running it, or was killed during its turn` }
  }
  if (status.type !== "retry") return { status: status.type }
  const seconds = Math.max(0, Math.ceil((status.next - now) / 1000))
  return {
    status: "retry",
    detail: `attempt ${status.attempt} failed: ${line(status.message)}; next in ${seconds} s`,
  }
}

export const sessionView = (
  now: number,
  session: Session,
  activity: Activity = idle,
  count?: MessageCount,
): SessionView => ({
  id: session.id,
  title: line(session.title),
  ...activityView(now, session, activity),
  ...(count === undefined ? {} : { messages: count.count, more_messages: count.more }),
  created: iso(session.time.created),
  updated: iso(session.time.updated),
  age: age(now, session.time.updated),
  directory: line(session.directory),
  ...(session.undoneFrom === undefined ? {} : { undone_from: session.undoneFrom }),
  ...(session.parentID === undefined ? {} : { parent_id: session.parentID }),
})
