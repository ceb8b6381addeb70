import type { RequestView, TurnView } from "./TurnAnswer.ts"
import { block, code, paragraphs } from "../shared/markdown.ts"

const tool = ({ error, input, state, tool }: TurnView["tools"][number]): string =>
  `- ${code(tool)} **${state}** ${code(input)}${error === undefined ? "" : `: ${code(error)}`}`

const request = ({ always = [], id, kind, session_id, text }: RequestView, { session_id: own }: TurnView): string =>
  [
    `Waits for a person: **${kind}** ${code(id)}${session_id === own ? "" : ` of subagent session ${code(session_id)}`}`,
    block(text),
    ...(always.length === 0
      ? []
      : [`"always" would allow, in all sessions of that directory: ${always.map(code).join(", ")}`]),
  ].join("\n")

export const renderTurn = (view: TurnView): string =>
  paragraphs(
    `**${view.outcome}** · session ${code(view.session_id)} on ${code(view.instance)}${
      view.detail === "" ? "" : ` · ${code(view.detail)}`
    }`,
    view.answered_message_id === undefined
      ? ""
      : `The agent answered message ${code(view.answered_message_id)}, which came after ${code(view.message_id)}.`,
    ...(view.decided ?? []).map((text) => `Decision: ${code(text)}`),
    view.tools.length === 0 ? "" : ["Tools:", ...view.tools.map(tool)].join("\n"),
    view.files.length === 0 ? "" : `Changed files: ${view.files.map(code).join(", ")}`,
    view.text === "" ? "" : block(view.text),
    view.input_tokens + view.output_tokens === 0
      ? ""
      : `${view.input_tokens} tokens in, ${view.output_tokens} out${view.cost === 0 ? "" : ` · $${view.cost.toFixed(4)}`}`,
    ...(view.waiting_for ?? []).map((item) => request(item, view)),
    view.next,
  )
