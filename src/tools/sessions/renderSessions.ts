/** Renders the answers of list_sessions and create_session as Markdown. */
import { Array } from "effect"
import { clip } from "../../text/clip.ts"
import { plural } from "../../text/plural.ts"
import { brokenText } from "./brokenView.ts"
import type { CreatedView, SessionsView, SessionView } from "./sessionSchemas.ts"
import type { WaitingView } from "../requests/requestSchemas.ts"
import { code, paragraphs } from "../shared/markdown.ts"
import { elapsed } from "../shared/time.ts"

export const messageCount = ({ has_more_messages, message_count }: SessionView): string =>
  message_count === undefined
    ? "… messages"
    : `${message_count}${has_more_messages === true ? "+" : ""} message${message_count === 1 ? "" : "s"}`

/** A pending request with its id, and with its session if that is a subagent's. */
const waitingText =
  (id: string) =>
  (waiting: WaitingView): string =>
    `${code(waiting.about)} · ${code(waiting.id)}${
      waiting.session_id === id ? "" : ` of subagent ${code(waiting.session_id)}`
    }`

export const statusText = ({
  detail,
  session_id,
  status,
  waiting_for: waiting = [],
  waiting_for_count: count = waiting.length,
}: Pick<SessionView, "detail" | "session_id" | "status" | "waiting_for" | "waiting_for_count">): string => {
  const requests = waiting.map(waitingText(session_id)).join("; ")
  const more = count > waiting.length ? `; and ${count - waiting.length} more` : ""
  const about = waiting.length > 0 ? `${requests}${more}` : detail === undefined ? "" : code(clip(detail, 300))
  return `**${status}**${about === "" ? "" : ` (${about})`}`
}

const session =
  (now: string, withDirectory: boolean) =>
  (view: SessionView): string =>
    `${view.parent_session_id === undefined ? "- " : "  - subagent "}${code(clip(view.title, 120))} · ${code(view.session_id)} · ${statusText(view)} · ${messageCount(view)} · updated ${elapsed(now, view.updated)}${view.subagent_count === undefined ? "" : ` · ${view.subagent_count} subagents; search for its id to see all`}${withDirectory ? ` · in ${code(clip(view.directory, 200))}` : ""}`

export const renderSessions = ({
  as_of,
  broken_directories = [],
  instance,
  listed_at = [],
  matching_count: matching,
  next = "",
  session_count: total,
  sessions,
  unreadable,
}: SessionsView): string => {
  const shown = sessions.filter(({ parent_session_id }) => parent_session_id === undefined).length
  const directories = Array.dedupe(sessions.map(({ directory }) => directory))
  const [only = ""] = directories
  return paragraphs(
    `${matching === 0 && unreadable !== undefined ? "No session that can be shown" : plural(matching, "session")} on ${code(instance)}${shown < matching ? `, ${shown} of them below` : ""}.${directories.length === 1 ? ` Directory: ${code(clip(only, 200))}.` : ""}`,
    sessions.map(session(as_of, directories.length > 1)).join("\n"),
    next,
    brokenText({ broken_directories }),
    unreadable ?? "",
    matching > 0
      ? ""
      : total === 0
        ? unreadable === undefined
          ? "create_session starts one."
          : ""
        : `No session matches (${total} in total).`,
    listed_at.length === 0
      ? ""
      : `It shares its sessions with other instances, which list the rest: ${listed_at.map(({ instance: other, session_count }) => `${code(other)} ${session_count}`).join(", ")}.`,
  )
}

export const renderCreated = ({
  agent,
  allowed = [],
  forked_from,
  instance,
  model,
  next = "send_message gives it work.",
  session: { directory, session_id, title },
  worktree,
}: CreatedView): string =>
  paragraphs(
    `Session ${code(session_id)} (${code(clip(title, 120))}) was created on ${code(instance)} in ${worktree === undefined ? "" : "the new worktree "}${code(clip(directory, 200))}${
      forked_from === undefined ? "" : `, with the conversation of ${code(forked_from)}`
    }.`,
    [
      ...(agent === undefined ? [] : [`Agent: ${code(agent)}.`]),
      ...(model === undefined ? [] : [`Model: ${code(model)}.`]),
    ].join(" "),
    allowed.length === 0 ? "" : `It may do this without asking; tell your human: ${allowed.map(code).join(", ")}.`,
    next,
  )
