/** Renders the answer of get_status as Markdown. */
import { clip } from "../../text/plainText.ts"
import { code, paragraphs, plural, unreadableText } from "../shared/markdown.ts"
import type { StatusView } from "./sessionSchemas.ts"

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
    unreadableText(view.unreadable, "pending request"),
    view.unasked === 0 ? "" : `Not checked: ${plural(view.unasked, "older session")} in other directories.`,
  )
