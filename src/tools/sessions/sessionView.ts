/** Builds the view of a session. */
import { line } from "../../text/plainText.ts"
import { type Activity, idle } from "../../opencode/sessions/activity.ts"
import type { MessageCount } from "../../opencode/sessions/MessageCounts.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { iso } from "../shared/time.ts"
import type { SessionView } from "./sessionSchemas.ts"
import type { WaitingView } from "../requests/requestSchemas.ts"

/** Maximum number of pending requests shown per session. */
const maxWaiting = 5

export const waitingView = (pending: PendingRequest): WaitingView => ({
  kind: pending.kind,
  id: pending.request.id,
  session_id: pending.request.sessionID,
  about: describe(pending),
})

/** The session's status, with details. */
const activityView = (
  now: number,
  { pending, status }: Activity,
): Pick<SessionView, "status" | "detail" | "running_at" | "waiting_for" | "waiting_for_count"> => {
  if (status.type !== "idle" && pending.length > 0) {
    return {
      status: "waiting",
      waiting_for: pending.slice(0, maxWaiting).map(waitingView),
      ...(pending.length > maxWaiting ? { waiting_for_count: pending.length } : {}),
    }
  }
  if (status.type === "elsewhere") {
    if (status.at !== undefined) {
      const detail = `${status.at} is running it, which has the same sessions: name that instance to wait, stop or decide`
      return { status: "elsewhere", detail, running_at: status.at }
    }
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
  session_id: session.id,
  title: line(session.title),
  ...activityView(now, activity),
  ...(count === undefined ? {} : { message_count: count.count, ...(count.more ? { has_more_messages: true } : {}) }),
  created: iso(session.time.created),
  updated: iso(session.time.updated),
  directory: line(session.directory),
  ...(session.undoneFrom === undefined ? {} : { undone_from_message_id: session.undoneFrom }),
  ...(session.parentID === undefined ? {} : { parent_session_id: session.parentID }),
})
