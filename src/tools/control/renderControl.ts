import { clip } from "../../text/plainText.ts"
import type { AbortView, StatusView } from "./ControlTools.ts"
import { code, paragraphs, plural } from "../shared/markdown.ts"

const active = (view: StatusView["active"][number]): string =>
  `- ${view.parent_id === undefined ? "" : "subagent "}${code(clip(view.title, 120))} · ${code(view.id)} · **${view.status}**${
    view.detail === undefined ? "" : `: ${code(view.detail)}`
  } · updated ${view.age}`

export const renderStatus = (view: StatusView): string =>
  paragraphs(
    view.active_count === 0
      ? `${code(view.instance)} (${view.health}): nothing is running; ${plural(view.idle, "session")} idle.`
      : `${code(view.instance)} (${view.health}): ${plural(view.active_count, "session")} active, ${view.idle} idle.`,
    view.active.map(active).join("\n"),
    view.active.length < view.active_count ? `and ${view.active_count - view.active.length} more` : "",
    view.unasked === 0 ? "" : `${plural(view.unasked, "older session")} in other directories not asked about.`,
  )

export const renderAbort = ({ cleared, final, instance, session_id, was_running }: AbortView): string =>
  [
    was_running
      ? `The turn of session ${code(session_id)} on ${code(instance)} was ${final ? "stopped" : "told to stop"}.`
      : `Nothing was running in session ${code(session_id)} on ${code(instance)}.`,
    ...(final
      ? []
      : ["The session is still at work, with that turn or with the next; get_status shows when it is not."]),
    ...(cleared === 0 ? [] : [`${plural(cleared, "request")} that nobody had answered dismissed.`]),
  ].join(" ")
