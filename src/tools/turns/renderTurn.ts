/** Renders the answers of the tools that follow or stop a turn as Markdown. */
import { plural } from "../../text/plural.ts"
import type { RequestView } from "../requests/requestSchemas.ts"
import { block, code, paragraphs } from "../shared/markdown.ts"
import type { AbortView, TurnView } from "./turnSchemas.ts"

const tool = ({ error, input, state, tool }: TurnView["tools"][number]): string =>
  `- ${code(tool)} **${state}** ${code(input)}${error === undefined ? "" : `: ${code(error)}`}`

const request = (
  { always = [], always_count = always.length, always_scope = "", id, kind, session_id, text }: RequestView,
  { session_id: own }: TurnView,
): string =>
  [
    `Waiting for a person: **${kind}** ${code(id)}${session_id === own ? "" : ` of subagent session ${code(session_id)}`}`,
    block(text),
    ...(always.length === 0
      ? []
      : [
          `"always" would allow, in ${always_scope}: ${always.map(code).join(", ")}${
            always_count > always.length ? ` and ${always_count - always.length} more` : ""
          }`,
        ]),
  ].join("\n")

export const renderTurn = (view: TurnView): string =>
  paragraphs(
    `**${view.outcome}** · session ${code(view.session_id)} on ${code(view.instance)}${
      view.detail === undefined ? "" : ` · ${code(view.detail)}`
    }`,
    view.answered_message_id === undefined
      ? ""
      : `The agent answered message ${code(view.answered_message_id)}, which was sent after ${code(view.message_id)}.`,
    ...(view.decided ?? []).map((text) => `Decision: ${code(text)}`),
    view.tools.length === 0
      ? ""
      : [
          view.tool_count === undefined ? "Tools:" : `Tools, the last of ${view.tool_count} (get_session shows all):`,
          ...view.tools.map(tool),
        ].join("\n"),
    view.files.length === 0
      ? ""
      : `Changed files: ${view.files.map(code).join(", ")}${
          view.file_count === undefined ? "" : ` and ${view.file_count - view.files.length} more; get_diff shows all`
        }`,
    view.text === "" ? "" : block(view.text),
    view.input_tokens + view.output_tokens === 0
      ? ""
      : `${view.input_tokens} tokens in, ${view.output_tokens} out${view.cost === 0 ? "" : ` · $${view.cost.toFixed(4)}`}`,
    ...(view.waiting_for ?? []).map((item) => request(item, view)),
    view.waiting_for_count === undefined
      ? ""
      : `${plural(view.waiting_for_count - (view.waiting_for ?? []).length, "more request")} can be shown once these are decided.`,
    view.next ?? "",
  )

/** Names the messages that wait although nothing is running, and what starts them. */
export const parkedText = (parked: NonNullable<AbortView["parked"]>): string =>
  `${parked.length === 1 ? "1 message waits" : `${parked.length} messages wait`} in the session's inbox until the next message to the session starts them: ${parked.map(({ message_id, text }) => `${code(text)} (${message_id})`).join(", ")}.`

/** What waits in this server's queue is sent, although its session was told to stop. */
const queuedText = (queued: number): string =>
  `${queued === 1 ? "1 message that waited" : `${queued} messages that waited`} for the end of that turn ${queued === 1 ? "is" : "are"} sent now${queued === 1 ? "" : ", one after the other"}: cancel the calls of send_message that wait, or stop each turn with abort_session.`

export const renderAbort = ({
  dismissed_count: dismissed,
  elsewhere,
  final,
  instance,
  parked = [],
  queued_count: queued = 0,
  running_at,
  session_id,
  was_running,
}: AbortView): string =>
  [
    was_running
      ? `The turn of session ${code(session_id)} on ${code(instance)} was ${final ? "stopped" : "asked to stop"}.`
      : running_at !== undefined
        ? `The turn of session ${code(session_id)} was not stopped: it is running on ${code(running_at)}, which shares its sessions with ${code(instance)}. Stop it with abort_session on instance ${code(running_at)}.`
        : elsewhere === true
          ? `The turn of session ${code(session_id)} was not stopped: ${code(instance)} is not running it. Another opencode of the same user is running it, such as a terminal or opencode serve, or was killed during it. Stop it there.`
          : `Nothing was running in session ${code(session_id)} on ${code(instance)}.`,
    ...(queued === 0 ? [] : [queuedText(queued)]),
    ...(final ? [] : ["The session is still busy, with that turn or the next one; get_status shows when it is idle."]),
    ...(dismissed === 0 ? [] : [`${plural(dismissed, "pending request")} dismissed.`]),
    ...(parked.length === 0 ? [] : [parkedText(parked)]),
  ].join(" ")
