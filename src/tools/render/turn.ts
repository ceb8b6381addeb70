import { clip } from "../../PlainText.ts"
import type { AbortView, StatusView, TurnView } from "../TurnTools.ts"
import { block, code, paragraphs, plural } from "./markdown.ts"

const tool = ({ error, input, state, tool }: TurnView["tools"][number]): string =>
  `- ${code(tool)} **${state}** ${code(input)}${error === undefined ? "" : `: ${code(error)}`}`

export const renderTurn = (view: TurnView): string =>
  paragraphs(
    `**${view.outcome}** · session ${code(view.session_id)} on ${code(view.instance)}${
      view.detail === "" ? "" : ` · ${code(view.detail)}`
    }`,
    view.tools.length === 0 ? "" : ["Tools:", ...view.tools.map(tool)].join("\n"),
    view.files.length === 0 ? "" : `Changed files: ${view.files.map(code).join(", ")}`,
    view.text === "" ? "" : block(view.text),
    view.input_tokens + view.output_tokens === 0
      ? ""
      : `${view.input_tokens} tokens in, ${view.output_tokens} out${view.cost === 0 ? "" : ` · $${view.cost.toFixed(4)}`}`,
    view.next,
  )

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

export const renderAbort = ({ cleared, instance, session_id, was_running }: AbortView): string =>
  was_running
    ? `The turn of session ${code(session_id)} on ${code(instance)} was stopped.${
        cleared === 0 ? "" : ` ${plural(cleared, "open request")} dismissed with it.`
      }`
    : `Nothing was running in session ${code(session_id)} on ${code(instance)}.`
