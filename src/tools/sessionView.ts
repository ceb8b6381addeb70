/** A session of opencode as a tool's answer shows it. */
import { line } from "../PlainText.ts"
import { type Activity, idle } from "../opencode/activity.ts"
import type { MessageCount } from "../opencode/MessageCounts.ts"
import type { Session } from "../opencode/Session.ts"
import { describe } from "../opencode/PendingRequest.ts"
import { age, iso } from "./render/time.ts"
import type { SessionView } from "./SessionTools.ts"

/** What the session is doing, in a word, and what about. */
const activityView = (now: number, { pending, status }: Activity): Pick<SessionView, "status" | "detail"> => {
  if (status.type !== "idle" && pending.length > 0) {
    return { status: "waiting", detail: line(pending.map(describe).join("; "), 500) }
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
  ...activityView(now, activity),
  ...(count === undefined ? {} : { messages: count.count, more_messages: count.more }),
  created: iso(session.time.created),
  updated: iso(session.time.updated),
  age: age(now, session.time.updated),
  directory: line(session.directory),
  ...(session.parentID === undefined ? {} : { parent_id: session.parentID }),
})
