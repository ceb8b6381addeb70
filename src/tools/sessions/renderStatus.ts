/** Renders the answer of get_status as Markdown. */
import { clip } from "../../text/clip.ts"
import { plural } from "../../text/plural.ts"
import { code, paragraphs } from "../shared/markdown.ts"
import { elapsed } from "../shared/time.ts"
import { brokenText } from "./brokenView.ts"
import { statusText } from "./renderSessions.ts"
import type { StatusView } from "./sessionSchemas.ts"

const active =
  (now: string) =>
  (view: StatusView["active"][number]): string =>
    `- ${view.parent_session_id === undefined ? "" : "subagent "}${code(clip(view.title, 120))} · ${code(view.session_id)} · ${statusText(view)} · updated ${elapsed(now, view.updated)}`

export const renderStatus = (view: StatusView): string =>
  paragraphs(
    view.active_count === 0
      ? `${code(view.instance)} (${view.health}): nothing is running; ${plural(view.idle_count, "session")} idle.`
      : `${code(view.instance)} (${view.health}): ${plural(view.active_count, "session")} active, ${view.idle_count} idle.`,
    view.active.map(active(view.as_of)).join("\n"),
    view.next ?? "",
    brokenText(view),
    view.unreadable ?? "",
    view.unchecked_count === undefined
      ? ""
      : `Not checked: ${plural(view.unchecked_count, "older session")} in other directories.`,
  )
