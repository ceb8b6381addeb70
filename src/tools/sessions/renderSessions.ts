/** Renders the answers of list_sessions and create_session as Markdown. */
import { Array } from "effect"
import { clip } from "../../text/plainText.ts"
import type { CreatedView, SessionsView, SessionView } from "./sessionSchemas.ts"
import type { WaitingView } from "../requests/requestSchemas.ts"
import { answerBudget, code, paragraphs, plural, unreadableText } from "../shared/markdown.ts"

export const messageCount = ({ messages, more_messages }: SessionView): string =>
  messages === undefined
    ? "messages not counted"
    : `${messages}${more_messages === true ? "+" : ""} message${messages === 1 ? "" : "s"}`

/** A pending request with its id, and with its session if that is a subagent's. */
const waitingText =
  (id: string) =>
  (waiting: WaitingView): string =>
    `${code(waiting.about)} · ${code(waiting.id)}${
      waiting.session_id === id ? "" : ` of subagent ${code(waiting.session_id)}`
    }`

export const statusText = ({ detail, id, status, waiting_for: waiting = [] }: SessionView): string => {
  const about =
    waiting.length > 0 ? waiting.map(waitingText(id)).join("; ") : detail === undefined ? "" : code(clip(detail, 300))
  return `**${status}**${about === "" ? "" : ` (${about})`}`
}

const session =
  (withDirectory: boolean) =>
  (view: SessionView): string =>
    `${view.parent_id === undefined ? "- " : "  - subagent "}${code(clip(view.title, 120))} · ${code(view.id)} · ${statusText(view)} · ${messageCount(view)} · updated ${view.age}${withDirectory ? ` · in ${code(clip(view.directory, 200))}` : ""}`

export const renderSessions = ({
  instance,
  listed_at = [],
  matching,
  sessions,
  total,
  unreadable,
}: SessionsView): string => {
  const shown = sessions.filter(({ parent_id }) => parent_id === undefined).length
  const directories = Array.dedupe(sessions.map(({ directory }) => directory))
  const [only = ""] = directories
  return clip(
    paragraphs(
      `${plural(matching, "session")} on ${code(instance)}${shown < matching ? `, the ${shown} most recently updated; use search or directory to narrow the list, limit to show more` : ""}.${directories.length === 1 ? ` Directory: ${code(clip(only, 200))}.` : ""}`,
      sessions.map(session(directories.length > 1)).join("\n"),
      unreadableText(unreadable, "session"),
      matching > 0 ? "" : total === 0 ? "create_session starts one." : `No session matches (${total} in total).`,
      listed_at.length === 0
        ? ""
        : `It shares its sessions with other instances, which list the rest: ${listed_at.map(({ count, instance: other }) => `${code(other)} ${count}`).join(", ")}.`,
    ),
    answerBudget,
  )
}

export const renderCreated = ({ instance, session: { directory, id, title } }: CreatedView): string =>
  `Session ${code(id)} (${code(clip(title, 120))}) was created on ${code(instance)} in ${code(clip(directory, 200))}. send_message gives it work.`
